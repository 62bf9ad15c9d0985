/**
 * Reductions over axes, softmax among them, each beside its gradient rule.
 *
 * ONNX gives the axes of ReduceSum and ReduceMean as an input (opset 18); an empty list of axes means all.
 */
import { fixed, normalizeAxis, product, type Shape, sameShape } from "../shape.ts";
import { apply, int64Vector, type Operator, type Tensor } from "../tensor.ts";
import { broadcastTo } from "./create.ts";
import { cast, div, equal, exp, mul, sub } from "./elementwise.ts";
import { reshape } from "./layout.ts";

export interface ReduceOptions {
  /** Axes to reduce; all when absent. Negative axes count from the back. */
  axes?: readonly number[];
  keepDims?: boolean;
}

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis));
}

function reduce(operator: Operator, x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const normal = (axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
    normalizeAxis(axis, x.shape.length, operator.name),
  );
  if (normal.length === 0) return x;
  const shape = reducedShape(x.shape, normal, keepDims);
  return apply(operator, [x, int64Vector(normal)], { keepdims: keepDims ? 1 : 0 }, { dtype: x.dtype, shape });
}

/** The gradient of a reduction, given back its reduced axes as ones and repeated over them. */
function spread(gradient: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(gradient, reducedShape(x.shape, axes, true)), x.shape, x);
}

function reducedAxes(input: Tensor, output: Tensor, axesInput: Tensor): readonly number[] {
  const operator = axesInput.node.operator as { value?: { data: ArrayLike<bigint> } };
  return Array.from(operator.value?.data ?? [], Number).filter(
    (axis) => axis < input.shape.length && output !== input,
  );
}

const sumOperator: Operator = {
  name: "ReduceSum",
  gradient: (node, [g]) => {
    const [x, axes] = node.inputs as readonly [Tensor, Tensor];
    return [spread(g!, x, reducedAxes(x, node.outputs[0]!, axes))];
  },
};

const meanOperator: Operator = {
  name: "ReduceMean",
  gradient: (node, [g]) => {
    const [x, axesInput] = node.inputs as readonly [Tensor, Tensor];
    const axes = reducedAxes(x, node.outputs[0]!, axesInput);
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
    const [x, axesInput] = node.inputs as readonly [Tensor, Tensor];
    const axes = reducedAxes(x, node.outputs[0]!, axesInput);
    const isLargest = cast(equal(x, spread(node.outputs[0]!, x, axes)), x.dtype);
    const ties = spread(sum(isLargest, { axes }), x, axes);
    return [div(mul(spread(g!, x, axes), isLargest), ties)];
  },
};

export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(sumOperator, x, options);
export const mean = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(meanOperator, x, options);
/** The largest value; equal largest values share the gradient. */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(maxOperator, x, options);

/** Sums over the axes along which `shape` was broadcast to get x's shape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  return reshape(sum(x, { axes, keepDims: true }), shape);
}

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

export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOperator, [x], { axis: normalizeAxis(axis, x.shape.length, "Softmax") }, x);
}

export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOperator, [x], { axis: normalizeAxis(axis, x.shape.length, "LogSoftmax") }, x);
}

/** The index of the largest (or smallest) value along an axis as int64; the first of equals. No gradient. */
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
export const argMax = argExtreme("ArgMax");
export const argMin = argExtreme("ArgMin");
