// Statistics of the training images that belong to the weights made from them: they are measured, stored with the
// model and used again whenever it draws or judges. Every trainer measures them on the same crops, so all agree.

import type { CropPixels } from "./crop-pixels.ts";
import { type Crop, isRealCell } from "./tables.ts";

export interface ImageStatistics {
  /** Standard deviation of the nuclear distance, in pixels. */
  readonly distanceScale: number;
  /** Variance of protein and nucleus intensities in [0, 1], averaged over the two. */
  readonly imageVariance: number;
}

/** Measures real cells; blends, which have two nuclei, and simulated cells are left out. */
export async function measureImages(crops: readonly Crop[], pixels: CropPixels): Promise<ImageStatistics> {
  const plane = pixels.height * pixels.width;
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  const real = crops.filter(isRealCell);
  if (real.length === 0) throw new RangeError("there are no real cells to measure");
  for (const { index } of real) {
    const { data } = await pixels.read(index);
    for (let channel = 0; channel < 3; channel++) {
      for (let i = channel * plane; i < (channel + 1) * plane; i++) {
        sums[channel]! += data[i]!;
        squares[channel]! += data[i]! ** 2;
      }
    }
  }
  const count = real.length * plane;
  const [protein, nucleus, distance] = sums.map(
    (sum, channel) => squares[channel]! / count - (sum / count) ** 2,
  );
  return { distanceScale: Math.sqrt(distance!), imageVariance: (protein! + nucleus!) / 2 };
}
