/**
 * Losses: cross-entropy, binary cross-entropy, mean squared and mean absolute error. All return a scalar mean.
 */

import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sum } from "./broadcast.ts";
import { abs, add, div, exp, log, maximum, mul, neg, relu, sub } from "./elementwise.ts";
import { oneHot } from "./gather.ts";
import { logSoftmax, mean } from "./reduce.ts";

/** Below any sum of weights but that of none. */
const smallestSum = 1e-20;

/**
 * Mean of -log softmax(logits)[label]. logits [..., classes], labels [...] int; `weights` [...] weighs positions
 * (0 leaves one out) and divides by their sum; with all positions left out the loss is 0.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, weights?: Tensor): Tensor {
  const classes = fixed(logits.shape.at(-1), "crossEntropy", "the class axis");
  const chosen = sum(mul(logSoftmax(logits), oneHot(labels, classes, logits.dtype)), { axes: [-1] });
  if (weights === undefined) return neg(mean(chosen));
  return neg(div(sum(mul(chosen, weights)), maximum(sum(weights), smallestSum)));
}

/** Elementwise binary cross-entropy from logits, stable for any logit: max(x,0) - x t + log(1 + exp(-|x|)). */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return add(sub(relu(logits), mul(logits, targets)), log(add(exp(neg(abs(logits))), 1)));
}

export function meanSquaredError(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  return mean(mul(difference, difference));
}

export function meanAbsoluteError(a: Tensor, b: Tensor): Tensor {
  return mean(abs(sub(a, b)));
}
