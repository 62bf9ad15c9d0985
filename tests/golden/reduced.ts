// Recordings of which a part ships. A reduced tensor keeps some of its values, exactly as they were recorded, its norm
// and its largest magnitude; its full shape stands in the file's metadata. The values are spread over the tensor: it is
// cut into equal stretches, and one value of each stays, at an index that a hash of the stretch's number says.
import type { NdArray, Safetensors } from "@proteoscope/formats";

/** A tensor of a recording. Where it is reduced, `shape` is the full one and `data` the values at `spreadIndices`. */
export interface Recorded extends NdArray {
  readonly reduced?: { readonly norm: number; readonly largest: number };
}

/** What a file's metadata says of its reduced tensors, by their names. */
type ReducedTensors = Record<string, { shape: readonly number[]; norm: number; largest: number }>;

export const keptValues = 64;

/** One index per stretch, for `count` equal stretches of `length` values, in ascending order. */
export function spreadIndices(length: number, count: number): number[] {
  const startOf = (stretch: number): number => Math.floor((stretch * length) / count);
  return Array.from({ length: count }, (_, stretch) => {
    const start = startOf(stretch);
    return start + (mix(stretch) % (startOf(stretch + 1) - start));
  });
}

/** The finaliser of MurmurHash3: 32 bits to 32 bits. */
export function mix(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}

/** The recording with every tensor reduced that `isReduced` names and that has more values than are kept. */
export function reduceRecording(
  { tensors, metadata }: Safetensors,
  isReduced: (name: string) => boolean,
): { tensors: Map<string, NdArray>; metadata: Record<string, string> } {
  const reduced: ReducedTensors = {};
  const kept = [...tensors].map(([name, tensor]): [string, NdArray] => {
    const { dtype, shape, data } = tensor;
    if (dtype !== "float32" || data.length <= keptValues || !isReduced(name)) return [name, tensor];
    const values = data as Float32Array;
    reduced[name] = { shape, norm: norm(values), largest: largest(values) };
    const spread = spreadIndices(values.length, keptValues).map((index) => values[index]!);
    return [name, { dtype, shape: [keptValues], data: Float32Array.from(spread) }];
  });
  return { tensors: new Map(kept), metadata: { ...metadata, reduced: JSON.stringify(reduced) } };
}

/** The tensors of a file that `reduceRecording` made, or of a whole one. Throws Error where a reduced one is missing. */
export function expandRecording({ tensors, metadata }: Safetensors): Map<string, Recorded> {
  const recorded = new Map<string, Recorded>(tensors);
  const inMetadata: ReducedTensors = JSON.parse(metadata.reduced ?? "{}");
  for (const [name, { shape, ...reduced }] of Object.entries(inMetadata)) {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${name} is reduced, and missing`);
    recorded.set(name, { ...tensor, shape, reduced });
  }
  return recorded;
}

/** The square root of the sum of squares. */
export const norm = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value * value;
  return Math.sqrt(total);
};

/** The largest magnitude. */
export const largest = (values: Iterable<number>): number => {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
};
