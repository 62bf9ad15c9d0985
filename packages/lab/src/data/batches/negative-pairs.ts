// Which pairs of an image and a protein are known not to belong together. In a batch of pairs every other protein would be a
// negative, but another image of the same protein is not one, and an image of unknown gene may show any protein of its
// compartments.

import type { NdArray } from "@proteoscope/engine";
import { placeLabels } from "../atlas/compartments.ts";
import type { Crop, Protein } from "../atlas/tables.ts";

/** An image and its protein. */
export interface Pair {
  readonly crop: Crop;
  readonly protein: Protein;
}

/** Whether the image of a pair is known to show its protein, and not some protein of the same compartment. */
export function isKnownPair({ crop, protein }: Pair): boolean {
  return crop.uniprot !== undefined && crop.uniprot === protein.uniprot;
}

/** Whether the image of a pair may show a protein, as far as the tables say. */
export function mayShow(pair: Pair, protein: Protein): boolean {
  if (pair.protein.id === protein.id) return true;
  if (isKnownPair(pair)) return pair.crop.uniprot === protein.uniprot;
  const own = placeLabels(pair.crop.labels);
  return [...placeLabels(protein.labels).keys()].some((compartment) => own.has(compartment));
}

/** bool [B, B]: whether image i is known not to show protein j. */
export function negativePairs(pairs: readonly Pair[]): NdArray {
  const count = pairs.length;
  const data = new Uint8Array(count * count);
  for (const [i, pair] of pairs.entries())
    for (const [j, { protein }] of pairs.entries()) data[i * count + j] = mayShow(pair, protein) ? 0 : 1;
  return { dtype: "bool", shape: [count, count], data };
}

/**
 * For each protein of a batch an image that is known not to show it: the next such image of the batch, whose order is
 * random. `negative` int32 [B] are the indices of the images, `weights` [B] are 0 where there is none.
 */
export function chooseNegatives(pairs: readonly Pair[]): Record<"negative" | "weights", NdArray> {
  const count = pairs.length;
  const others = pairs.map(({ protein }, j) =>
    Array.from({ length: count - 1 }, (_, step) => (j + 1 + step) % count).find(
      (i) => !mayShow(pairs[i]!, protein),
    ),
  );
  return {
    negative: { dtype: "int32", shape: [count], data: Int32Array.from(others, (i) => i ?? 0) },
    weights: {
      dtype: "float32",
      shape: [count],
      data: Float32Array.from(others, (i) => (i === undefined ? 0 : 1)),
    },
  };
}
