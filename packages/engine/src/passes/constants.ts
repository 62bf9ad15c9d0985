/**
 * The values of tensors that are known while passes run: those of small constants, and single values repeated.
 *
 * Large constants are left alone: reading them would cost more than any rule saves.
 */
import { constant, type DType, isConstant, type Tensor, typedArray } from "../tensor.ts";

/** Number of elements up to which a constant is small. */
export const smallLimit = 1024;

const readable: ReadonlySet<string> = new Set<DType>(["float32", "int64", "int32", "uint8", "bool"]);

/** Reads the values of a small constant; undefined for anything else, and for float16. */
export function constantValues(tensor: Tensor | undefined): number[] | undefined {
  if (!isConstant(tensor) || !readable.has(tensor.dtype)) return undefined;
  const { data } = tensor.node.operator.value;
  if (data.length > smallLimit) return undefined;
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/**
 * Gives the one value that every element has, of a constant or of one that is expanded; undefined where there is none.
 */
export function uniformValue(tensor: Tensor): number | undefined {
  if (tensor.node.operator.name === "Expand") return uniformValue(tensor.node.inputs[0]!);
  const values = constantValues(tensor);
  return values?.every((value) => value === values[0]) ? values[0] : undefined;
}

/** Makes a constant of the type and shape of `tensor`. */
export function constantLike({ dtype, shape }: Tensor, values: readonly number[]): Tensor {
  return constant({ dtype, shape: shape as readonly number[], data: typedArray(dtype, values) });
}
