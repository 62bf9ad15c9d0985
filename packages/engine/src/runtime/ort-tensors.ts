/**
 * ONNX Runtime's JavaScript API as the engine uses it, and arrays as its tensors.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { elementCount } from "../shape.ts";
import type { DType, NdArray } from "../tensor.ts";
import type { Device, StatePart } from "./runtime.ts";

/** The part of onnxruntime-node and onnxruntime-web that the engine uses. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof OrtTensor;
}

/** The device, and ONNX Runtime's options of its sessions. */
export interface OrtOptions {
  device: Device;
  session: InferenceSession.SessionOptions;
}

/** A tensor on the memory of an array. */
export function toOrt(ort: Ort, { dtype, data, shape }: NdArray): OrtTensor {
  return new ort.Tensor(dtype as "float32", data as Float32Array, shape);
}

/** An array on the memory of a tensor. */
export function fromOrt({ type, data, dims }: OrtTensor): NdArray {
  // Newer JavaScript engines have a Float16Array, which ONNX Runtime then returns: the bits are the same.
  const values = data as NdArray["data"];
  const bits = type === "float16" && !(values instanceof Uint16Array);
  return {
    dtype: type as DType,
    shape: [...dims],
    data: bits ? new Uint16Array(values.buffer, values.byteOffset, values.length) : values,
  };
}

/** Gives a part of a flat tensor, in the same memory. */
export function viewOf(ort: Ort, { type, data }: OrtTensor, { offset, shape }: StatePart): OrtTensor {
  const length = elementCount(shape);
  const values = (data as Float32Array).subarray(offset, offset + length);
  return toOrt(ort, { dtype: type as DType, shape, data: values });
}

/** An array with its own memory. */
export function copyOf(value: NdArray): NdArray {
  return { ...value, data: (value.data as Float32Array).slice() };
}
