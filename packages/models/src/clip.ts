// CLIP for images of proteins and their sequences ("proteoclip"): in a batch each image is to find its own protein among
// all, and each protein its image (Radford et al. 2021, arXiv:2103.00020).
//
// The original divides plain inner products by a temperature of 10 and counts another image of the same protein as a
// negative. Here embeddings have length 1, the temperature is learned as in CLIP, and the caller says which pairs are
// negatives.

import {
  add,
  constant,
  crossEntropy,
  exp,
  fixed,
  matmul,
  matrixTranspose,
  minimum,
  mul,
  type Operand,
  or,
  select,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import type { JointEmbeddings } from "./joint-embedding.ts";

export interface ContrastiveOptions {
  /** bool [B, B]: whether image i is known not to show protein j. All pairs but an image's own when absent. */
  readonly isNegative?: Tensor | undefined;
}

/** What CLIP learns by, of the embeddings of a batch of pairs. */
export function clipLoss(
  w: Weights,
  { images, proteins }: JointEmbeddings,
  options: ContrastiveOptions = {},
): ContrastiveLoss {
  return contrastiveLoss(images, proteins, { scale: clipScale(w), ...options });
}

/** The inverse of the learned temperature, at most 100. */
export function clipScale(w: Weights): Tensor {
  const logarithm = w.parameter("logit_scale", [], { kind: "constant", value: Math.log(1 / 0.07) });
  return exp(minimum(logarithm, Math.log(100)));
}

export interface ContrastiveLoss {
  /** Mean of the two. */
  readonly loss: Tensor;
  /** Cross-entropy of each image's protein among all proteins. */
  readonly imageLoss: Tensor;
  /** Cross-entropy of each protein's image among all images. */
  readonly proteinLoss: Tensor;
}

/**
 * The symmetric contrastive loss of pairs: images [B, D], proteins [B, D], row i of both belonging together.
 * @param options.scale what inner products are multiplied by
 * @param options.isNegative pairs that are neither negative nor a row's own have no part in it
 */
export function contrastiveLoss(
  images: Tensor,
  proteins: Tensor,
  { scale, isNegative }: ContrastiveOptions & { readonly scale: Operand },
): ContrastiveLoss {
  const count = fixed(images.shape[0], "contrastiveLoss", "the batch");
  const similarities = mul(matmul(images, matrixTranspose(proteins)), scale); // [images, proteins]
  const logits =
    isNegative === undefined
      ? similarities
      : select(or(isNegative, diagonal(count)), similarities, outOfQuestion);
  const own = constant({
    dtype: "int32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => i),
  });
  const imageLoss = crossEntropy(logits, own);
  const proteinLoss = crossEntropy(matrixTranspose(logits), own);
  return { loss: mul(add(imageLoss, proteinLoss), 0.5), imageLoss, proteinLoss };
}

/** e to it is 0 beside any similarity. */
const outOfQuestion = -1e9;

/** bool [count, count], true where row and column are the same. */
function diagonal(count: number): Tensor {
  const data = new Uint8Array(count * count);
  for (let i = 0; i < count; i++) data[i * (count + 1)] = 1;
  return constant({ dtype: "bool", shape: [count, count], data });
}
