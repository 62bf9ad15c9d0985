// CLIP for images of proteins and their sequences ("proteoclip"): in a batch each image is to find its own protein among
// all, and each protein its image (Radford et al. 2021, arXiv:2103.00020).
//
// The original divides plain inner products by a temperature of 10, counts another image of the same protein as a
// negative, and looks for negatives in each process's own part of the batch. Here embeddings have length 1, the
// temperature is learned as in CLIP, the caller says which pairs are negatives, and may hand in the embeddings of all.

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

export interface ContrastiveOptions {
  /**
   * bool [N, N] of the whole batch: whether image i is known not to show protein j. All pairs but an image's own when
   * absent.
   */
  readonly isNegative?: Tensor | undefined;
  /** What all processes have made of the batch, where several share it; own embeddings are the whole batch otherwise. */
  readonly gathered?: GatheredEmbeddings | undefined;
}

/**
 * The embeddings of a batch [N, D] of which a process has its own rows, `firstRow` on. The mean of all processes' losses
 * is the loss of the whole batch; its gradient is the mean, over processes, of their gradients for a row as own and as
 * gathered, which they have to add up between them.
 */
export interface GatheredEmbeddings extends JointEmbeddings {
  readonly firstRow: number;
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
 * The symmetric contrastive loss of pairs: images [B, D], proteins [B, D], row i of both belonging together. Each is
 * found among all that are gathered [N, D], or among these.
 * @param options.scale what inner products are multiplied by
 * @param options.isNegative pairs that are neither negative nor a row's own have no part in it
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
    return isOther === undefined ? similarities : select(or(isOther, isOwn), similarities, outOfQuestion);
  };
  const own = constant({
    dtype: "int32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => firstRow + i),
  });
  const [begin, end] = [firstRow, firstRow + count];
  const negatives = isNegative && {
    ofImages: slice(isNegative, 0, begin, end),
    ofProteins: matrixTranspose(slice(isNegative, 1, begin, end)),
  };
  const imageLoss = crossEntropy(search(images, all.proteins, negatives?.ofImages), own);
  const proteinLoss = crossEntropy(search(proteins, all.images, negatives?.ofProteins), own);
  return { loss: mul(add(imageLoss, proteinLoss), 0.5), imageLoss, proteinLoss };
}

/** e to it is 0 beside any similarity. */
const outOfQuestion = -1e9;

/** bool [count, total], true where a row's own column is. */
function ownPairs(count: number, total: number, firstRow: number): Tensor {
  const data = new Uint8Array(count * total);
  for (let i = 0; i < count; i++) data[i * total + firstRow + i] = 1;
  return constant({ dtype: "bool", shape: [count, total], data });
}
