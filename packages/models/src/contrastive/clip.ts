// CLIP for images of proteins and their sequences ("proteoclip"): within a batch each image must find its own protein among
// all, and each protein its image (Radford et al. 2021, arXiv:2103.00020).
//
// The original divides plain inner products by a temperature of 10, counts another image of the same protein as a
// negative, and takes negatives from each process's own part of the batch. Here embeddings have length 1, the temperature
// is learned as in CLIP, the caller says which pairs are negatives and may give the embeddings of all processes.

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
  slice,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import type { JointEmbeddings } from "./joint-embedding.ts";

/** Which pairs are negatives, and the embeddings of other processes. */
export interface ContrastiveOptions {
  /**
   * bool [N, N] over the whole batch: whether image i is known not to show protein j. All pairs but an image's own are
   * negatives when absent.
   */
  readonly isNegative?: Tensor | undefined;
  /** The embeddings of all processes, where several share a batch; this process has the whole batch when absent. */
  readonly gathered?: GatheredEmbeddings | undefined;
}

/**
 * The embeddings [N, D] of a whole batch, in which a process's own rows begin at `firstRow`. The mean of the losses of all
 * processes is the loss of the whole batch; its gradient is the mean, over processes, of their gradients for a row as own
 * and as gathered, which the processes must add up.
 */
export interface GatheredEmbeddings extends JointEmbeddings {
  readonly firstRow: number;
}

/** CLIP's loss for the embeddings of a batch of pairs, with its learned temperature (`logit_scale`). */
export function clipLoss(
  w: Weights,
  { images, proteins }: JointEmbeddings,
  options: ContrastiveOptions = {},
): ContrastiveLoss {
  return contrastiveLoss(images, proteins, { scale: clipScale(w), ...options });
}

/** The inverse of the learned temperature, a scalar of at most 100. */
export function clipScale(w: Weights): Tensor {
  const logarithm = w.parameter("logit_scale", [], { kind: "constant", value: Math.log(1 / 0.07) });
  return exp(minimum(logarithm, Math.log(100)));
}

/** The contrastive loss of a batch, scalars. */
export interface ContrastiveLoss {
  /** Mean of the two losses below. */
  readonly loss: Tensor;
  /** Cross-entropy of each image's protein among all proteins. */
  readonly imageLoss: Tensor;
  /** Cross-entropy of each protein's image among all images. */
  readonly proteinLoss: Tensor;
}

/**
 * The symmetric contrastive loss of pairs: images [B, D] and proteins [B, D], row i of both being a pair. Each must be
 * found among all gathered rows [N, D], or among these.
 * @param options.scale factor of the inner products
 * @param options.isNegative pairs that are neither negative nor a row's own are left out
 * @throws RangeError where the own rows are not all among the gathered.
 */
export function contrastiveLoss(
  images: Tensor,
  proteins: Tensor,
  { scale, isNegative, gathered }: ContrastiveOptions & { readonly scale: Operand },
): ContrastiveLoss {
  const count = fixed(images.shape[0], "contrastiveLoss", "the batch");
  const { firstRow, ...all } = gathered ?? { images, proteins, firstRow: 0 };
  const total = fixed(all.images.shape[0], "contrastiveLoss", "the gathered batch");
  if (firstRow < 0 || firstRow + count > total)
    throw new RangeError(
      `contrastiveLoss: rows ${firstRow} to ${firstRow + count} are not all among the ${total} gathered`,
    );
  const isOwn = ownPairs(count, total, firstRow);
  const search = (rows: Tensor, among: Tensor, isOther: Tensor | undefined): Tensor => {
    const similarities = mul(matmul(rows, matrixTranspose(among)), scale); // [B, N]
    return isOther === undefined ? similarities : select(or(isOther, isOwn), similarities, excluded);
  };
  const own = constant({
    dtype: "int32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => firstRow + i),
  });
  const [begin, end] = [firstRow, firstRow + count];
  const negatives = isNegative && {
    images: slice(isNegative, 0, begin, end),
    proteins: matrixTranspose(slice(isNegative, 1, begin, end)),
  };
  const imageLoss = crossEntropy(search(images, all.proteins, negatives?.images), own);
  const proteinLoss = crossEntropy(search(proteins, all.images, negatives?.proteins), own);
  return { loss: mul(add(imageLoss, proteinLoss), 0.5), imageLoss, proteinLoss };
}

/** The similarity of a pair that is left out: its exponential is 0 next to any other. */
const excluded = -1e9;

/** bool [count, total], true at the column that is a row's own pair. */
function ownPairs(count: number, total: number, firstRow: number): Tensor {
  const data = new Uint8Array(count * total);
  for (let i = 0; i < count; i++) data[i * total + firstRow + i] = 1;
  return constant({ dtype: "bool", shape: [count, total], data });
}
