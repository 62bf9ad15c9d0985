/**
 * Reductions over axes, softmax among them, each beside its gradient rule; the sum is in broadcast.ts.
 */
import { fixed, normalizeAxis, product } from "../shape.ts";
import { apply, type Operator, type Tensor } from "../tensor.ts";
import { type ReduceOptions, reduce, reducedAxes, reducedShape, spread, sum } from "./broadcast.ts";
import { cast, div, equal, exp, mul, sub } from "./elementwise.ts";

const meanOperator: Operator = {
  name: "ReduceMean",
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const axes = reducedAxes(node);
    const count = fixed(
      product(axes.map((axis) => x.shape[axis]!)),
      "gradient of ReduceMean",
      "the reduced extent",
    );
    return [spread(mul(g!, 1 / count), x, axes)];
  },
};

const maxOperator: Operator = {
  name: "ReduceMax",
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const axes = reducedAxes(node);
    const isLargest = cast(equal(x, spread(node.outputs[0]!, x, axes)), x.dtype);
    const ties = spread(sum(isLargest, { axes }), x, axes);
    return [div(mul(spread(g!, x, axes), isLargest), ties)];
  },
};

/**
 * Takes the mean over axes, whose sizes must be fixed for the gradient.
 *
 * @throws ShapeError for an axis outside the rank.
 */
export const mean = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(meanOperator, x, options);
/** Takes the largest value over axes; equal largest values share the gradient. @throws ShapeError as `sum`. */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(maxOperator, x, options);

const softmaxOperator: Operator = {
  name: "Softmax",
  gradient: (node, [g]) => {
    const y = node.outputs[0]!;
    const axis = node.attributes.axis as number;
    const weighted = mul(g!, y);
    return [sub(weighted, mul(y, sum(weighted, { axes: [axis], keepDims: true })))];
  },
};

const logSoftmaxOperator: Operator = {
  name: "LogSoftmax",
  gradient: (node, [g]) => {
    const axis = node.attributes.axis as number;
    return [sub(g!, mul(exp(node.outputs[0]!), sum(g!, { axes: [axis], keepDims: true })))];
  },
};

/**
 * Returns e ** x divided by its sum over an axis, the last by default.
 *
 * @throws ShapeError for an axis outside the rank.
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOperator, [x], { axis: normalizeAxis(axis, x.shape.length, "Softmax") }, x);
}

/** Returns the logarithm of `softmax`, stable for any logits. @throws ShapeError for an axis outside the rank. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOperator, [x], { axis: normalizeAxis(axis, x.shape.length, "LogSoftmax") }, x);
}

/** Makes the operator that finds the index of an extreme value along an axis, as int64; of equal ones the first. */
function argExtreme(name: "ArgMax" | "ArgMin"): (x: Tensor, axis?: number) => Tensor {
  const operator: Operator = { name };
  return (x, axis = -1) => {
    const normal = normalizeAxis(axis, x.shape.length, name);
    return apply(
      operator,
      [x],
      { axis: normal, keepdims: 0 },
      { dtype: "int64", shape: reducedShape(x.shape, [normal], false) },
    );
  };
}
/** Gives the index of the largest value along an axis, the last by default, as int64; of equal ones the first. */
export const argMax = argExtreme("ArgMax");
/** Gives the index of the smallest value along an axis, the last by default, as int64; of equal ones the first. */
export const argMin = argExtreme("ArgMin");
