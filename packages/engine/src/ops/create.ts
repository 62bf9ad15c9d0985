/**
 * Tensors from nothing: filled, counted, and shaped like another.
 *
 * A tensor shaped like one with open dimensions is made by the Shape and Expand operators at run time.
 */
import { broadcast, formatShape, type Shape, ShapeError, sameShape } from "../shape.ts";
import { apply, type DType, int64Vector, type Operator, scalar, type Tensor } from "../tensor.ts";
import { sumTo } from "./reduce.ts";

const shapeOperator: Operator = { name: "Shape" };

const expandOperator: Operator = {
  name: "Expand",
  gradient: (node, [gradient]) => [sumTo(gradient!, node.inputs[0]!.shape)],
};

/** The sizes of a tensor as an int64 vector, read at run time. */
export function shapeOf(x: Tensor): Tensor {
  return apply(shapeOperator, [x], {}, { dtype: "int64", shape: [x.shape.length] });
}

/** Repeats axes of size 1 until `x` has `shape`; open dimensions of `shape` are taken from `like`. */
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

export function fullLike(x: Tensor, value: number, dtype: DType = x.dtype): Tensor {
  return broadcastTo(scalar(value, dtype), x.shape, x);
}

export function zerosLike(x: Tensor): Tensor {
  return fullLike(x, 0);
}

/** A tensor of fixed shape with one value everywhere. */
export function full(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  return broadcastTo(scalar(value, dtype), shape);
}
