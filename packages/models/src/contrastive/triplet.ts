// The triplet network of images and sequences ("proteotriplet"): a protein must be nearer to its own image than to the
// image of another protein by a margin (Schroff et al. 2015, arXiv:1503.03832, with cosines for distances).

import { add, div, maximum, mean, mul, relu, sub, sum, type Tensor } from "@proteoscope/engine";
import { unitRows } from "./joint-embedding.ts";

/** The margin of the original, as a difference of cosines. */
export const tripletMargin = 0.3;

/** Embeddings [B, D] of any length: images of the proteins, images of other proteins, and the proteins. */
export interface Triplets {
  readonly images: Tensor;
  readonly negatives: Tensor;
  readonly proteins: Tensor;
}

/**
 * The mean of max(0, cos(negative, protein) - cos(image, protein) + margin), a scalar.
 * @param options.weights [B]; 0 leaves a triplet out, and the loss is 0 where all are left out; all are 1 when absent
 */
export function tripletLoss(
  { images, negatives, proteins }: Triplets,
  { margin = tripletMargin, weights }: { margin?: number | undefined; weights?: Tensor | undefined } = {},
): Tensor {
  const anchor = unitRows(proteins);
  const cosine = (x: Tensor) => sum(mul(unitRows(x), anchor), { axes: [1] });
  const missing = relu(add(sub(cosine(negatives), cosine(images)), margin));
  if (weights === undefined) return mean(missing);
  return div(sum(mul(missing, weights)), maximum(sum(weights), 1));
}
