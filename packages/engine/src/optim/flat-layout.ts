/**
 * Many parameters in one flat vector: where each lies, and the vector's parts by name.
 *
 * One vector a group keeps the optimiser a handful of passes and the number of device buffers small.
 */
import { concat, reshape, slice } from "../ops/layout.ts";
import type { NdArray, Tensor } from "../tensor.ts";

export interface FlatLayout {
  readonly length: number;
  readonly entries: ReadonlyMap<
    string,
    { readonly offset: number; readonly length: number; readonly shape: readonly number[] }
  >;
}

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

/** The named part of a flat tensor [length]. */
export function flatPart(layout: FlatLayout, flat: Tensor, name: string): Tensor | undefined {
  const entry = layout.entries.get(name);
  return entry && reshape(slice(flat, 0, entry.offset, entry.offset + entry.length), entry.shape);
}

/** Tensors one after the other, each flattened. */
export function flatten(tensors: readonly Tensor[]): Tensor {
  return concat(
    tensors.map((tensor) =>
      reshape(tensor, [tensor.shape.reduce<number>((count, dim) => count * (dim as number), 1)]),
    ),
    0,
  );
}

/** Named values as one flat array; `values` must hold every entry of the layout with its shape. */
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

/** The entries of a flat array by name, as views of it. */
export function unpackFlat(layout: FlatLayout, flat: NdArray): Map<string, NdArray> {
  const data = flat.data as Float32Array;
  return new Map(
    [...layout.entries].map(([name, { offset, length, shape }]) => [
      name,
      { dtype: "float32", shape, data: data.subarray(offset, offset + length) },
    ]),
  );
}
