// The suite over two folders of images, real and generated, wherever they came from: no model is needed, and figures that need
// one are left out.

import type { Runtime } from "@proteoscope/engine";
import type { ImagingConstants, MicroscopeModel, WorkOptions } from "@proteoscope/microscope";
import { type JudgeSource, openEncoders } from "./encoders/open-encoders.ts";
import type { Provenance } from "./report/metrics.ts";
import { drawSuitePictures, openPairPictures } from "./report/suite-pictures.ts";
import { type Evaluation, reportOf } from "./run.ts";
import type { ImageSet, PairSet } from "./suite/image-set.ts";
import { metricsVersion } from "./suite/results.ts";
import { measureSuite } from "./suite/suite.ts";

/** Two sets of images to compare. */
export interface FolderRequest {
  readonly real: ImageSet;
  readonly generated: ImageSet;
  /** Images of both sets around the same nucleus. */
  readonly pairs: PairSet | undefined;
  readonly judges: readonly JudgeSource[];
  /** An image classifier to judge by, with the constants of its crops. */
  readonly classifier: MicroscopeModel["classifier"];
  readonly constants: Pick<ImagingConstants, "cropPixels" | "pixelSizeMicrons">;
  readonly cacheFolder: string | undefined;
  readonly seed: number;
  /** Versions of the programs that evaluate, by name. */
  readonly software: Readonly<Record<string, string>>;
}

/** Measures the generated images beside the real ones. @throws what the sets and the encoders throw, the signal's reason */
export async function evaluateFolders(
  runtime: Runtime,
  request: FolderRequest,
  work: WorkOptions,
): Promise<Evaluation> {
  const { real, generated, pairs, judges, classifier, constants, cacheFolder, seed, software } = request;
  const { cropPixels: side, pixelSizeMicrons } = constants;
  const encoders = await openEncoders(runtime, judges, { side, pixelSizeMicrons, cacheFolder, classifier });
  try {
    const pictures = openPairPictures();
    const input = {
      ...{ real, pairs, seed, tools: { encoders, pixelSizeMicrons }, onPair: pictures.add },
      subjects: [{ subject: "generated", set: "all" as const, images: generated }],
    };
    const { results, details } = await measureSuite(input, work);
    const provenance: Provenance = {
      ...{ synthetic: true, software, settings: { seed } },
      model: { name: generated.name, sha256: {}, borrowed: [] },
      data: { name: real.name, sha256: {} },
    };
    const metrics = { version: metricsVersion, provenance, images: null, localization: null, suite: results };
    return await reportOf(metrics, [], {
      details,
      pictures: await drawSuitePictures(results, input, pictures),
    });
  } finally {
    await Promise.all(encoders.map((encoder) => encoder.close()));
  }
}
