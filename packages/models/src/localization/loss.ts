// The losses of the protein language model: masked tokens, and the compartments of the whole protein. Both leave out
// unknown labels, so that proteins with and without a known localization can be in one batch.

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
 * The mean cross-entropy of masked tokens (Devlin et al. 2019) in nats, a scalar; 0 where no token is masked.
 *
 * logits are [B, L, vocab]; labels are int [B, L], negative where a token is not masked.
 */
export function maskedTokenLoss(logits: Tensor, labels: Tensor): Tensor {
  const ids = cast(labels, "int32");
  const isMasked = cast(greaterOrEqual(ids, 0), "float32");
  const chosen = sum(mul(logSoftmax(logits), oneHot(ids, logits.shape.at(-1) as number)), { axes: [-1] });
  return neg(div(sum(mul(chosen, isMasked)), maximum(sum(isMasked), 1)));
}

/** Weights of the localization loss, one per label. */
export interface LocalizationLossOptions {
  /** Weight of each label; 1 for all when absent. */
  readonly classWeights?: readonly number[];
  /** Weight of proteins that have a label relative to those that do not; 1 for all when absent. */
  readonly positiveWeights?: readonly number[];
}

/**
 * The weighted mean binary cross-entropy of known labels in nats, a scalar; 0 where none is known.
 *
 * logits are [B, labels]; targets are float32 [B, labels] in [0, 1]; known is float32 [B, labels], 1 where the source of
 * the protein's annotation resolves the label and 0 where it does not.
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
