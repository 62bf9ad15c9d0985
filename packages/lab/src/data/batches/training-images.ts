// The training images: an atlas folder's crops and, where the configuration names a folder of them, simulated cells. The
// rows of both are numbered as one list, so that a crop's index identifies its pixels. Simulated cells are never used for
// validation, and nothing is measured on them.

import type { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { type CropPixels, checkCropIndices, openCropPixels } from "../atlas/crop-pixels.ts";
import { type ImageData, readImageData } from "../atlas/image-data.ts";
import { readCrops, simulatedSource } from "../atlas/tables.ts";
import { imageDataSchema, shareSchema } from "./image-batches.ts";

/** Options under `data` of a trainer that may learn from simulated cells. */
export const simulatedImageDataSchema = imageDataSchema.extend({
  /** A folder written by `proteoscope data simulate`. */
  simulated: pathSchema.optional(),
  /** Fraction of a batch that comes from it. */
  simulatedShare: shareSchema.optional(),
});

type SimulatedImageData = Omit<z.infer<typeof simulatedImageDataSchema>, "proteinFraction"> & {
  readonly proteinFraction?: number;
};

export interface TrainingImages extends ImageData {
  readonly pixels: CropPixels;
}

/** Opens an atlas folder and the simulated cells, if any. @throws ConfigError, FormatError */
export async function openTrainingImages(folder: string, data: SimulatedImageData): Promise<TrainingImages> {
  checkShares(data);
  const pixels = await openCropPixels(folder);
  const images = await readImageData(folder, data);
  checkCropIndices([...images.training, ...images.validation, ...images.unseen], pixels);
  if (data.simulated === undefined) return { ...images, pixels };
  const { crops } = await readCrops(data.simulated);
  const strange = crops.find(({ source }) => source !== simulatedSource);
  if (strange !== undefined) {
    const where = `${data.simulated}/crops.csv has a crop of source "${strange.source}"`;
    throw new ConfigError(`data.simulated: ${where}; name a folder that data simulate wrote`);
  }
  const simulated = await openCropPixels(data.simulated, { isCached: false });
  if (simulated.height !== pixels.height || simulated.width !== pixels.width) {
    const sizes = [simulated, pixels].map(({ height, width }) => `${height}x${width}`);
    throw new ConfigError(`data.simulated has crops of ${sizes[0]}, the atlas of ${sizes[1]}`);
  }
  checkCropIndices(crops, simulated);
  const later = crops.map((crop) => ({ ...crop, index: pixels.count + crop.index }));
  return { ...images, training: [...images.training, ...later], pixels: concatPixels(pixels, simulated) };
}

function checkShares({ simulated, simulatedShare, blendShare }: SimulatedImageData): void {
  if ((simulated === undefined) !== (simulatedShare === undefined)) {
    throw new ConfigError("data.simulated and data.simulated_share go together: give both or none");
  }
  if (simulatedShare === undefined) return;
  for (const end of ["start", "end"] as const) {
    if (simulatedShare[end] + blendShare[end] > 1) {
      throw new ConfigError(`data.blend_share.${end} and data.simulated_share.${end} are above 1 together`);
    }
  }
}

/** The rows of the first, then those of the second. */
function concatPixels(first: CropPixels, second: CropPixels): CropPixels {
  const { count, height, width } = first;
  return {
    ...{ count: count + second.count, height, width },
    read: (index) => (index < count ? first.read(index) : second.read(index - count)),
  };
}
