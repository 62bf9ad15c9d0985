// Crop images as the inputs of cytoself: chosen channels, intensities in [0, 1], and distances in pixels scaled to the
// variance of the intensities, by which errors are divided.

import type { NdArray } from "@proteoscope/engine";
import { cropChannels } from "../atlas/crop-pixels.ts";
import type { ImageStatistics } from "../atlas/image-statistics.ts";
import { stackChannels } from "./image-batches.ts";

export interface CytoselfView extends ImageStatistics {
  readonly channels: readonly (typeof cropChannels)[number][];
}

/** Images [3, N, N] of one side as one array [B, channels, N, N]. */
export function stackCytoselfImages(
  images: readonly Float32Array[],
  side: number,
  { channels: names, imageVariance, distanceScale }: CytoselfView,
): NdArray {
  const channels = names.map((name) => cropChannels.indexOf(name));
  const stacked = stackChannels(images, side, channels);
  const values = stacked.data as Float32Array;
  const factor = Math.sqrt(imageVariance) / distanceScale;
  const plane = side * side;
  for (let start = 0, row = 0; start < values.length; start += plane, row++) {
    if (names[row % names.length] !== "distance") continue;
    for (let i = start; i < start + plane; i++) values[i]! *= factor;
  }
  return stacked;
}
