// The nearest training crop of every generated image and of every unseen real one: the check that a model does not
// memorise.

import type { Runtime } from "@proteoscope/engine";
import { cellFootprint, type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { findNearestCrops, type NearestCrop } from "../measures/memorisation.ts";
import type { EvaluationData } from "../sets.ts";
import type { GeneratedRecords } from "./images.ts";
import { decodePlane } from "./proteins.ts";

/** The images, and the crops that they are compared with. */
export interface NearestCropSearch extends Pick<GeneratedRecords, "proteins">, WorkOptions {
  readonly data: EvaluationData;
  readonly pixels: CropPixels;
  readonly library: NucleusLibrary;
}

/** The nearest training crops, in the order of the images. */
export async function findNearest(
  runtime: Runtime,
  { proteins, data, pixels, library, signal, onProgress }: NearestCropSearch,
): Promise<Record<"unseen" | "seen" | "real", NearestCrop[]>> {
  const area = pixels.height * pixels.width;
  const drawn = proteins.map((record) => ({
    isSeen: record.set === "seen",
    protein: decodePlane(record.drawn.protein),
    footprint: cellFootprint(pickNucleus(library, record.nucleus).distance),
  }));
  const real = await Promise.all(
    data.unseenCrops.map(async ({ index }) => {
      const image = await pixels.read(index);
      return {
        protein: image.data.subarray(0, area),
        footprint: cellFootprint(image.data.subarray(2 * area)),
      };
    }),
  );
  const crops = await Promise.all(
    data.trainingCrops.map(async ({ index }) => (await pixels.read(index)).data.subarray(0, area)),
  );
  const found = await findNearestCrops(runtime, [...drawn, ...real], crops, pixels.height, {
    ...{
      signal,
      onCompared: (done) =>
        onProgress?.({ phase: "nearest crops", done, total: crops.length, unit: "crops" }),
    },
  });
  return {
    unseen: found.filter((_, i) => drawn[i]?.isSeen === false),
    seen: found.filter((_, i) => drawn[i]?.isSeen === true),
    real: found.slice(drawn.length),
  };
}
