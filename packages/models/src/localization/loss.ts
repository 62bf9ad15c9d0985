// What a protein language model learns from: the tokens hidden from it, and the compartments of the whole protein.
// Both leave out what is not known, so that sequences with and without a known place train side by side.

import {
  add,
  binaryCrossEntropy,
  cast,
  div,
  greaterOrEqual,
  logSoftmax,
  maximum,
  mul,
  neg,
  oneHot,
  sub,
  sum,
  type Tensor,
  vector,
} from "@proteoscope/engine";

/**
 * Mean cross-entropy of the tokens that were hidden (Devlin et al. 2019); 0 where none was.
 *
 * logits [B, L, vocab]; labels int [B, L], negative where nothing is asked.
 */
export function maskedTokenLoss(logits: Tensor, labels: Tensor): Tensor {
  const ids = cast(labels, "int32");
  const isAsked = cast(greaterOrEqual(ids, 0), "float32");
  const chosen = sum(mul(logSoftmax(logits), oneHot(ids, logits.shape.at(-1) as number)), { axes: [-1] });
  return neg(div(sum(mul(chosen, isAsked)), maximum(sum(isAsked), 1)));
}

export interface LocalizationLossOptions {
  /** How much a label counts; 1 for all when absent. */
  readonly classWeights?: readonly number[];
  /** How much more a protein that has the label counts than one that has not; 1 for all when absent. */
  readonly positiveWeights?: readonly number[];
}

/**
 * Mean binary cross-entropy of the labels that are known; 0 where none is.
 *
 * logits [B, labels]; targets float32 [B, labels] in [0, 1]; known float32 [B, labels], 1 where the source of the
 * protein's annotation resolves the label and 0 where it does not.
 */
export function localizationLoss(
  logits: Tensor,
  targets: Tensor,
  known: Tensor,
  { classWeights, positiveWeights }: LocalizationLossOptions = {},
): Tensor {
  let weights = known;
  if (classWeights !== undefined) weights = mul(weights, vector(classWeights));
  if (positiveWeights !== undefined)
    weights = mul(weights, add(1, mul(targets, sub(vector(positiveWeights), 1))));
  return div(sum(mul(binaryCrossEntropy(logits, targets), weights)), maximum(sum(weights), 1e-6));
}
