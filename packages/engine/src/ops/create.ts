/**
 * Tensors that have one value everywhere, of a fixed shape or of the shape that another tensor has at run time.
 */
import { type DType, scalar, type Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";

/** Makes a tensor of x's shape, and of its type unless another is given, with one value everywhere. */
export function fullLike(x: Tensor, value: number, dtype: DType = x.dtype): Tensor {
  return broadcastTo(scalar(value, dtype), x.shape, x);
}

/** Makes a tensor of x's shape and type with zeros everywhere. */
export function zerosLike(x: Tensor): Tensor {
  return fullLike(x, 0);
}

/** Makes a tensor of a fixed shape with one value everywhere. */
export function full(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  return broadcastTo(scalar(value, dtype), shape);
}
