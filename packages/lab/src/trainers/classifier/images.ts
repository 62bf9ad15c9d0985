// Batches of images and targets that the compartment classifier is trained on.
// A composite of two cells has two compartments, by their shares.

import { float32, type NdArray } from "@proteoscope/engine";
import { imageCompartments, imageTargets } from "../../data/atlas/compartments.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { stackChannels } from "../../data/batches/image-batches.ts";

/** Protein, nucleus, distance. */
export const imageChannels = [0, 1, 2];

/** Crop images [3, N, N] -> [B, 3, N, N] with the nuclear distance in units of its standard deviation. */
export function stackImages(images: readonly Float32Array[], side: number, distanceScale: number): NdArray {
  const stacked = stackChannels(images, side, imageChannels);
  const values = stacked.data as Float32Array;
  const plane = side * side;
  for (let start = 2 * plane; start < values.length; start += 3 * plane) {
    for (let i = start; i < start + plane; i++) values[i]! /= distanceScale;
  }
  return stacked;
}

/** Shares of the compartments of each crop [B, compartments]; every crop must have one. */
export function stackShares(crops: readonly Crop[]): NdArray {
  const width = imageCompartments.length;
  const data = new Float32Array(crops.length * width);
  for (const [index, { labels }] of crops.entries()) data.set(imageTargets(labels)!, index * width);
  return float32([crops.length, width], data);
}
