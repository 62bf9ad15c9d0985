// The encoders of an evaluation: the hand-made features, which always are among them, the model's own image classifier, and what
// was asked for by path - a run of `train classifier` or `train cytoself`, SubCell, any ONNX model. Their results are stored.

import type { Runtime } from "@proteoscope/engine";
import { type MicroscopeModel, readImageClassifier } from "@proteoscope/microscope";
import { type FileSource, type LoadOptions, subfolder } from "@proteoscope/models";
import { openClassifierEncoder } from "./classifier.ts";
import { openCytoselfEncoder } from "./cytoself.ts";
import { cachedEncoder } from "./embedding-cache.ts";
import type { CellEncoder, TrainedOn } from "./encoder.ts";
import { openFeatureEncoder } from "./features.ts";
import { openOnnxEncoder } from "./onnx.ts";
import { openSubcellEncoder } from "./subcell.ts";

/** Judges that need no path. */
export const namedJudges = ["features", "classifier"] as const;

/** A judge that was asked for: one of `namedJudges`, or what lies at a path. */
export type JudgeSource =
  | { readonly name: (typeof namedJudges)[number] }
  | {
      readonly name: string;
      readonly path: string;
      readonly folder: FileSource;
      readonly load?: LoadOptions | undefined;
    };

export interface EncoderOptions {
  readonly side: number;
  readonly pixelSizeMicrons: number;
  /** Where embeddings are stored; nowhere where undefined. */
  readonly cacheFolder: string | undefined;
  /** The classifier of the model that is evaluated; there is none for folders of images. */
  readonly classifier: MicroscopeModel["classifier"] | undefined;
}

/** Opens all encoders, the features first; those that were opened are closed when one fails. @throws what the openers throw */
export async function openEncoders(
  runtime: Runtime,
  sources: readonly JudgeSource[],
  options: EncoderOptions,
): Promise<CellEncoder[]> {
  const opened: CellEncoder[] = [];
  try {
    for (const source of [
      { name: "features" } as const,
      ...sources.filter(({ name }) => name !== "features"),
    ]) {
      const encoder = await openEncoder(runtime, source, options);
      if (encoder !== undefined) opened.push(await cachedEncoder(encoder, options.cacheFolder));
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((encoder) => encoder.close()));
    throw error;
  }
}

async function openEncoder(
  runtime: Runtime,
  source: JudgeSource,
  { side, pixelSizeMicrons, classifier }: EncoderOptions,
): Promise<CellEncoder | undefined> {
  const { name } = source;
  if (!("path" in source)) {
    if (name === "features") return openFeatureEncoder();
    const trainedOn = "real and simulated cells";
    return classifier && openClassifierEncoder(runtime, classifier, { name, side, trainedOn });
  }
  const { path, folder, load } = source;
  if (path.endsWith(".onnx")) return openOnnxEncoder(runtime, path, { name });
  const parts = await Promise.all(
    ["", "model"].map(async (part) => {
      const inner = part === "" ? folder : subfolder(folder, part);
      return { inner, isClassifier: await inner.exists("classifier/config.json") };
    }),
  );
  const found = parts.find(({ isClassifier }) => isClassifier);
  if (found !== undefined) {
    const trained = await readImageClassifier(found.inner);
    return openClassifierEncoder(runtime, trained, { name, side, trainedOn: await trainedOn(folder) });
  }
  for (const inner of [subfolder(folder, "model/cytoself"), subfolder(folder, "cytoself"), folder])
    if (await isCytoself(inner)) return openCytoselfEncoder(runtime, inner, { name, side });
  return openSubcellEncoder(runtime, folder, { name, pixelSizeMicrons, ...(load && { load }) });
}

/** By the configuration that a run of `train classifier` leaves beside its model. */
async function trainedOn(run: FileSource): Promise<TrainedOn> {
  if (await run.exists("model_index.json")) return "real and simulated cells";
  if (!(await run.exists("config.yaml"))) return "images that it does not name";
  const config = new TextDecoder().decode(await run.read("config.yaml"));
  return /^\s*simulated:/m.test(config) ? "real and simulated cells" : "real cells of this data set";
}

async function isCytoself(folder: FileSource): Promise<boolean> {
  if (!(await folder.exists("config.json"))) return false;
  return new TextDecoder().decode(await folder.read("config.json")).includes('"CytoselfFull"');
}
