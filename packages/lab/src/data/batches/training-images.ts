// What the image models learn from: an atlas folder's crops and, where the configuration names a folder of them,
// simulated cells. The rows of both count on as one list, so that a crop's index tells its pixels. Simulated cells are
// never validated on, and nothing is measured on them.

import type { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { type CropPixels, openCropPixels } from "../atlas/crop-pixels.ts";
import { readCrops, simulatedSource } from "../atlas/tables.ts";
import { type ImageData, imageDataSchema, readImageData, shareSchema } from "./image-batches.ts";

/** What a configuration says of its data, where it may learn from simulated cells. */
export const simulatedImageDataSchema = imageDataSchema.extend({
  /** A folder that `proteoscope data simulate` wrote. */
  simulated: pathSchema.optional(),
  /** Share of a batch that comes from it. */
  simulatedShare: shareSchema.optional(),
});

type SimulatedImageData = z.infer<typeof simulatedImageDataSchema>;

export interface TrainingImages extends ImageData {
  readonly pixels: CropPixels;
}

/** Opens an atlas folder and the simulated cells, if any. Throws ConfigError, FormatError. */
export async function openTrainingImages(folder: string, data: SimulatedImageData): Promise<TrainingImages> {
  checkShares(data);
  const pixels = await openCropPixels(folder);
  const images = await readImageData(folder);
  if (data.simulated === undefined) return { ...images, pixels };
  const { crops } = await readCrops(data.simulated);
  const strange = crops.find(({ source }) => source !== simulatedSource);
  if (strange !== undefined) {
    const where = `${data.simulated}/crops.csv has a crop of source "${strange.source}"`;
    throw new ConfigError(`data.simulated: ${where}; name a folder that data simulate wrote`);
  }
  const simulated = await openCropPixels(data.simulated, { isKept: false });
  if (simulated.height !== pixels.height || simulated.width !== pixels.width) {
    const sizes = [simulated, pixels].map(({ height, width }) => `${height}x${width}`);
    throw new ConfigError(`data.simulated has crops of ${sizes[0]}, the atlas of ${sizes[1]}`);
  }
  const later = crops.map((crop) => ({ ...crop, index: pixels.count + crop.index }));
  return { ...images, training: [...images.training, ...later], pixels: joinPixels(pixels, simulated) };
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

/** The rows of both; those of the second follow those of the first. */
function joinPixels(first: CropPixels, second: CropPixels): CropPixels {
  const { count, height, width } = first;
  return {
    ...{ count: count + second.count, height, width },
    read: (index) => (index < count ? first.read(index) : second.read(index - count)),
  };
}
