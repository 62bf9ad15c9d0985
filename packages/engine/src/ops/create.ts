/**
 * Tensors of one value everywhere: of a fixed shape, or shaped like another tensor.
 */
import { type DType, scalar, type Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";

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
