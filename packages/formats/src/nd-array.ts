// The array that every reader returns and every writer takes: dtype, shape and row-major data.
// JavaScript has no typed array for three of the dtypes: float16 and bfloat16 are held as their
// bits in a Uint16Array, bool as bytes in a Uint8Array. Hosts are little-endian, as every
// platform of Node and of the browsers is.

import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.ts";

/** Element types of arrays, named as safetensors and NumPy name them. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** The arrays that hold elements of a `DType`; float16 and bfloat16 as their 16 bits. */
export type TypedArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** An array of any rank: element type, shape, and elements in row-major order. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

const arrayTypes = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** Number of elements of a shape; 1 for a scalar's []. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((count, size) => count * size, 1);
}

/** Size in bytes of one element of a type. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** True when the data is of the dtype's typed array and has as many elements as the shape says. */
export function isConsistent(array: NdArray): boolean {
  return array.data instanceof arrayTypes[array.dtype] && array.data.length === elementCount(array.shape);
}

/** Typed array of `length` little-endian elements at `byteOffset`: a view where alignment allows, else a copy. */
export function viewBytes(bytes: Uint8Array, dtype: DType, byteOffset: number, length: number): TypedArray {
  const size = bytesPerElement(dtype);
  const end = byteOffset + length * size;
  // The constructor copies; slice would not on a Node Buffer, which is a Uint8Array too.
  const aligned = (bytes.byteOffset + byteOffset) % size === 0;
  const source = aligned ? bytes.subarray(byteOffset, end) : new Uint8Array(bytes.subarray(byteOffset, end));
  return new arrayTypes[dtype](source.buffer as ArrayBuffer, source.byteOffset, length);
}

/** The bytes of a typed array, as a view. */
export function bytesOf(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Reverses the bytes of every element of `size` bytes, in place. */
export function swapByteOrder(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

/** Values as float32: the same array if it is float32, a rounded copy otherwise. */
export function toFloat32(array: NdArray): Float32Array {
  const { dtype, data } = array;
  if (data instanceof Float32Array) return data;
  if (dtype === "float16") return float16ToFloat32(data as Uint16Array);
  if (dtype === "bfloat16") return bfloat16ToFloat32(data as Uint16Array);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const result = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) result[i] = Number(data[i]!);
    return result;
  }
  return Float32Array.from(data);
}
