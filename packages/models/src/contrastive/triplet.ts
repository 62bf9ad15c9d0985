// The triplet network of images and sequences ("proteotriplet"): a protein is to be nearer to its own image than to the
// image of another by a margin (Schroff et al. 2015, arXiv:1503.03832, with cosines for distances).

import { add, div, maximum, mean, mul, relu, sub, sum, type Tensor } from "@proteoscope/engine";
import { unitRows } from "./joint-embedding.ts";

/** The original's. */
export const tripletMargin = 0.3;

/** Each [B, D], of any length. */
export interface Triplets {
  readonly images: Tensor;
  readonly negatives: Tensor;
  readonly proteins: Tensor;
}

/**
 * Mean of what is missing to the margin: max(0, cos(negative, protein) - cos(image, protein) + margin).
 * @param options.weights [B], 0 leaves a triplet out, and with all left out the loss is 0; all count when absent
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
