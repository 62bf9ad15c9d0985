// Statistics of the training images that belong to the weights trained on them: they are stored with the model and used
// whenever it generates or classifies. Every trainer measures them on the same crops, so that all agree.

import { FormatError } from "@proteoscope/formats";
import type { CropPixels } from "./crop-pixels.ts";
import { type Crop, isRealCell } from "./tables.ts";

export interface ImageStatistics {
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
  /** Variance of protein and nucleus intensities in [0, 1], averaged over the two. */
  readonly imageVariance: number;
}

/**
 * Measures all real cells, one after the other; blends, which have two nuclei, and simulated cells are left out.
 * @throws FormatError where there is no real cell
 */
export async function measureImages(
  crops: readonly Crop[],
  pixels: CropPixels,
  onRead?: (done: number, total: number, unit: "crops") => void,
): Promise<ImageStatistics> {
  const plane = pixels.height * pixels.width;
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  const real = crops.filter(isRealCell);
  if (real.length === 0)
    throw new FormatError("atlas", "crops.csv has no training crop of a single real cell", {
      hint: "give crops with split_image train and synthetic_mix 0",
    });
  for (const [done, { index }] of real.entries()) {
    const { data } = await pixels.read(index);
    for (let channel = 0; channel < 3; channel++) {
      for (let i = channel * plane; i < (channel + 1) * plane; i++) {
        sums[channel]! += data[i]!;
        squares[channel]! += data[i]! ** 2;
      }
    }
    onRead?.(done + 1, real.length, "crops");
  }
  const count = real.length * plane;
  const [protein, nucleus, distance] = sums.map(
    (sum, channel) => squares[channel]! / count - (sum / count) ** 2,
  );
  return { distanceScale: Math.sqrt(distance!), imageVariance: (protein! + nucleus!) / 2 };
}
