/**
 * The layout of many parameters in one flat vector, and the vector's parts by name.
 *
 * One vector per group keeps the optimiser to a handful of passes and the number of device buffers small.
 */
import { concat, reshape, slice } from "../ops/layout.ts";
import type { NdArray, Tensor } from "../tensor.ts";

/** Where named arrays lie in a flat vector. */
export interface FlatLayout {
  /** Number of values of the vector. */
  readonly length: number;
  /** Where each array begins, how many values it has, and its shape. */
  readonly entries: ReadonlyMap<
    string,
    { readonly offset: number; readonly length: number; readonly shape: readonly number[] }
  >;
}

/** Lays arrays out one after the other. */
export function flatLayout(shapes: Iterable<readonly [string, readonly number[]]>): FlatLayout {
  const entries = new Map<string, { offset: number; length: number; shape: readonly number[] }>();
  let length = 0;
  for (const [name, shape] of shapes) {
    const size = shape.reduce((count, dim) => count * dim, 1);
    entries.set(name, { offset: length, length: size, shape });
    length += size;
  }
  return { length, entries };
}

/** Takes the named part of a flat tensor [length]. */
export function flatPart(layout: FlatLayout, flat: Tensor, name: string): Tensor | undefined {
  const entry = layout.entries.get(name);
  return entry && reshape(slice(flat, 0, entry.offset, entry.offset + entry.length), entry.shape);
}

/** Joins tensors one after the other, each flattened. */
export function flatten(tensors: readonly Tensor[]): Tensor {
  return concat(
    tensors.map((tensor) =>
      reshape(tensor, [tensor.shape.reduce<number>((count, dim) => count * (dim as number), 1)]),
    ),
    0,
  );
}

/**
 * Copies named values into one flat array.
 *
 * @throws Error for an entry of the layout that is missing or has another length.
 */
export function packFlat(layout: FlatLayout, values: ReadonlyMap<string, NdArray>): NdArray {
  const data = new Float32Array(layout.length);
  for (const [name, { offset, length }] of layout.entries) {
    const value = values.get(name);
    if (value?.dtype !== "float32" || value.data.length !== length)
      throw new Error(
        `${name}: expected ${length} float32 values, got ${value === undefined ? "none" : `${value.data.length} ${value.dtype}`}`,
      );
    data.set(value.data as Float32Array, offset);
  }
  return { dtype: "float32", shape: [layout.length], data };
}

/** Gives the entries of a flat array by name, as views of it. */
export function unpackFlat(layout: FlatLayout, flat: NdArray): Map<string, NdArray> {
  const data = flat.data as Float32Array;
  return new Map(
    [...layout.entries].map(([name, { offset, length, shape }]) => [
      name,
      { dtype: "float32", shape, data: data.subarray(offset, offset + length) },
    ]),
  );
}
