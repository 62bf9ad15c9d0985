/**
 * Losses: cross-entropy, binary cross-entropy, mean squared and mean absolute error. All but the binary cross-entropy,
 * which is elementwise, return a scalar mean.
 */
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sum } from "./broadcast.ts";
import { abs, add, div, exp, log, maximum, mul, neg, relu, sub } from "./elementwise.ts";
import { oneHot } from "./gather.ts";
import { logSoftmax, mean } from "./reduce.ts";

/** Smaller than any sum of weights but that of none. */
const smallestSum = 1e-20;

/**
 * Returns the mean of -log softmax(logits)[label], in nats: logits [..., classes], labels [...] of integers. `weights`
 * [...] makes it a weighted mean (0 leaves a position out); with all positions left out the loss is 0.
 *
 * @throws ShapeError for an open class axis.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, weights?: Tensor): Tensor {
  const classes = fixed(logits.shape.at(-1), "crossEntropy", "the class axis");
  const chosen = sum(mul(logSoftmax(logits), oneHot(labels, classes, logits.dtype)), { axes: [-1] });
  if (weights === undefined) return neg(mean(chosen));
  return neg(div(sum(mul(chosen, weights)), maximum(sum(weights), smallestSum)));
}

/**
 * Returns the elementwise binary cross-entropy of logits x and targets t in [0, 1], in nats: max(x, 0) - x t + log(1 +
 * exp(-|x|)).
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return add(sub(relu(logits), mul(logits, targets)), log(add(exp(neg(abs(logits))), 1)));
}

/** Returns the mean of (a - b) ** 2. @throws ShapeError as `sub`. */
export function meanSquaredError(a: Tensor, b: Tensor): Tensor {
  const difference = sub(a, b);
  return mean(mul(difference, difference));
}

/** Returns the mean of |a - b|. @throws ShapeError as `sub`. */
export function meanAbsoluteError(a: Tensor, b: Tensor): Tensor {
  return mean(abs(sub(a, b)));
}
