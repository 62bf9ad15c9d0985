/**
 * Broadcasting and summation, which are each other's gradient and therefore stand together, below all other
 * operators that broadcast.
 *
 * ONNX gives the axes of a reduction as an input (opset 18); an empty list of axes means all. A tensor shaped like one
 * with open dimensions is made by the Shape and Expand operators at run time.
 */
import { broadcast, formatShape, normalizeAxis, type Shape, ShapeError, sameShape } from "../shape.ts";
import {
  apply,
  type ConstantOperator,
  int64Vector,
  type Node,
  type Operator,
  type Tensor,
} from "../tensor.ts";
import { reshape } from "./layout.ts";

const shapeOperator: Operator = { name: "Shape" };

/** Gives the sizes of x as an int64 vector [rank], read at run time. */
export function shapeOf(x: Tensor): Tensor {
  return apply(shapeOperator, [x], {}, { dtype: "int64", shape: [x.shape.length] });
}

const expandOperator: Operator = {
  name: "Expand",
  gradient: (node, [gradient]) => [sumTo(gradient!, node.inputs[0]!.shape)],
};

/**
 * Repeats axes of size 1 until x has `shape` (NumPy's rules); open dimensions are read at run time from `like`, which has
 * that shape.
 *
 * @throws ShapeError where x does not broadcast to `shape`, or `like` is missing or of another shape.
 */
export function broadcastTo(x: Tensor, shape: Shape, like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcast(x.shape, shape, "Expand"), shape))
    throw new ShapeError(`Expand: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
  if (shape.every((dim) => typeof dim === "number"))
    return apply(expandOperator, [x, int64Vector(shape as readonly number[])], {}, { dtype: x.dtype, shape });
  if (like === undefined || !sameShape(like.shape, shape))
    throw new ShapeError(`Expand: ${formatShape(shape)} has open dimensions: give a tensor of that shape`);
  return apply(expandOperator, [x, shapeOf(like)], {}, { dtype: x.dtype, shape });
}

/** Options of reductions. */
export interface ReduceOptions {
  /** Axes to reduce; all when absent. Negative axes count from the back. */
  axes?: readonly number[];
  /** Whether reduced axes stay, with size 1. Default false. */
  keepDims?: boolean;
}

/** Gives the shape that a reduction over `axes`, counted from the front, leaves. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Applies an operator that reduces axes; a tensor without any is its own reduction. */
export function reduce(operator: Operator, x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const normal = (axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
    normalizeAxis(axis, x.shape.length, operator.name),
  );
  if (normal.length === 0) return x;
  const shape = reducedShape(x.shape, normal, keepDims);
  return apply(operator, [x, int64Vector(normal)], { keepdims: keepDims ? 1 : 0 }, { dtype: x.dtype, shape });
}

/** Gives the gradient of a reduction its reduced axes back, and repeats it over them to have x's shape. */
export function spread(gradient: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(gradient, reducedShape(x.shape, axes, true)), x.shape, x);
}

/** Reads the axes of a node that `reduce` made, which are its second input. */
export function reducedAxes({ inputs }: Node): readonly number[] {
  const { value } = inputs[1]!.node.operator as ConstantOperator;
  return Array.from(value.data as BigInt64Array, Number);
}

const sumOperator: Operator = {
  name: "ReduceSum",
  gradient: (node, [g]) => [spread(g!, node.inputs[0]!, reducedAxes(node))],
};

/** Sums over axes. @throws ShapeError for an axis outside the rank. */
export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(sumOperator, x, options);

/** Sums over the axes along which `shape` was broadcast to get x's shape: the adjoint of `broadcastTo`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  return reshape(sum(x, { axes, keepDims: true }), shape);
}
