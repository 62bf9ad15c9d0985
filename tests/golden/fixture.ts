// Golden files: tensors recorded from the reference implementations in PyTorch, against which the networks are held.
// All that a test needs lies in fixtures/, large tensors reduced to a part of their values (reduced.ts). The folder that
// PROTEOSCOPE_GOLDEN names may hold whole recordings, PROTEOSCOPE_WEIGHTS pretrained weights, which are not ours to ship:
// where they are there, more tests run. The `*_hash` files hold no weights: those come from an integer hash of the
// parameter's name, so that 55 M of them need no storage.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ParameterDeclaration } from "@proteoscope/engine";
import { type NdArray, readSafetensors, type Safetensors } from "@proteoscope/formats";
import { expect } from "vitest";
import { expandRecording, largest, mix, norm, type Recorded, spreadIndices } from "./reduced.ts";

const fixtureFolder = fileURLToPath(new URL("./fixtures", import.meta.url));

export interface Golden {
  /** For the names of tests. */
  readonly title: string;
  readonly tensors: ReadonlyMap<string, Recorded>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The golden file in fixtures/ by its name without ending. */
export function golden(name: string): Golden {
  const file = readSafetensors(readFileSync(join(fixtureFolder, `${name}.safetensors`)));
  return { title: name, tensors: expandRecording(file), metadata: file.metadata };
}

/** The whole recording of this name: one where PROTEOSCOPE_GOLDEN names a folder that has it, otherwise none. */
export function wholeRecordings(name: string): Golden[] {
  const file = readFrom(process.env.PROTEOSCOPE_GOLDEN, name);
  return file === undefined ? [] : [{ title: `${name}, whole`, ...file }];
}

/** A file of pretrained weights by its name without ending; undefined where PROTEOSCOPE_WEIGHTS has none. */
export function pretrained(name: string): Safetensors | undefined {
  return readFrom(process.env.PROTEOSCOPE_WEIGHTS, name);
}

function readFrom(folder: string | undefined, name: string): Safetensors | undefined {
  const path = join(folder ?? "", `${name}.safetensors`);
  return folder && existsSync(path) ? readSafetensors(readFileSync(path)) : undefined;
}

/** The tensors whose names begin with `prefix`, by the rest of their names. */
export function below<T>(tensors: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  const found = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  return new TextEncoder()
    .encode(text)
    .reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** `length` values in [shift - scale, shift + scale) that depend on the name alone. */
export function hashF32(name: string, length: number, scale = 1, shift = 0): Float32Array {
  const seed = hashText(name);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const unit = (mix((Math.imul(i + 1, 0x9e3779b1) + seed) >>> 0) >>> 8) / 2 ** 24;
    values[i] = (unit * 2 - 1) * scale + shift;
  }
  return values;
}

/** An input of a `*_hash` file. */
export function hashInput(name: string, shape: readonly number[], scale = 1, shift = 0): NdArray {
  return { dtype: "float32", shape, data: hashF32(name, count(shape), scale, shift) };
}

/** A parameter of a `*_hash` file: unit gain for matrices and kernels, near 1 for scales, near 0 for the rest. */
export function hashParameter(name: string, shape: readonly number[]): NdArray {
  if (shape.length >= 2) return hashInput(name, shape, Math.sqrt(3 / count(shape.slice(1))));
  if (name.endsWith("running_var")) return hashInput(name, shape, 0.5, 1);
  if (name.endsWith("running_mean")) return hashInput(name, shape, 0.1);
  return hashInput(name, shape, 0.1, name.endsWith(".weight") ? 1 : 0);
}

/** All parameters that a trace has declared, as the `*_hash` files fill them. */
export function hashWeights(declarations: ReadonlyMap<string, ParameterDeclaration>): Map<string, NdArray> {
  return new Map([...declarations].map(([name, { shape }]) => [name, hashParameter(name, shape)]));
}

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** How far apart values may be: `absolute` + `relative` times the largest expected magnitude. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

export const forwardTolerance: Tolerance = { absolute: 1e-4 };
export const gradientTolerance: Tolerance = { absolute: 1e-7, relative: 1e-3 };

interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayBufferView & { readonly length: number };
  readonly reduced?: Recorded["reduced"];
}

const numbers = ({ data }: Values): number[] =>
  Array.from(data as unknown as ArrayLike<number | bigint>, Number);

/** The largest magnitude in tensors. */
export const largestOf = (tensors: readonly Values[]): number =>
  largest(tensors.map((tensor) => tensor.reduced?.largest ?? largest(numbers(tensor))));

/** Holds every recorded value of a tensor, and the norm of one that is reduced; `name` is for the message where it fails. */
export function expectClose(
  actual: Values | undefined,
  expected: Values | undefined,
  { absolute = 0, relative = 0 }: Tolerance,
  name = "",
): void {
  expect(actual, `${name} was computed`).toBeDefined();
  expect(expected, `${name} was recorded`).toBeDefined();
  expect(actual!.shape, `shape of ${name}`).toEqual(expected!.shape);
  const [found, wanted, { reduced }] = [numbers(actual!), numbers(expected!), expected!];
  const places = reduced ? spreadIndices(found.length, wanted.length) : [...wanted.keys()];
  const limit = absolute + relative * largestOf([expected!]);
  const worst = places.reduce(
    (worst, index, i) => {
      const difference = Math.abs(found[index]! - wanted[i]!);
      return difference <= worst.difference ? worst : { difference, index, wanted: wanted[i] };
    },
    { difference: 0, index: 0, wanted: wanted[0] },
  );
  const detail = `${name}[${worst.index}] is ${found[worst.index]}, recorded ${worst.wanted}`;
  expect(worst.difference, detail).toBeLessThanOrEqual(limit);
  expect(found.every(Number.isFinite), `${name} is finite`).toBe(wanted.every(Number.isFinite));
  if (reduced === undefined) return;
  const length = norm(found);
  const normLimit = absolute * Math.sqrt(found.length) + relative * reduced.norm;
  expect(Math.abs(length - reduced.norm), `norm of ${name}: ${length}, recorded ${reduced.norm}`) //
    .toBeLessThanOrEqual(normLimit);
}

/**
 * Holds gradients to a `*_hash` file's summary: of each of `names`, the norm (`gnorm`) and the first values (`ghead`).
 *
 * A gradient that is zero by symmetry, such as an attention key's bias, is rounding noise; it is held to the scale
 * of the largest. Where a loss `hasKinks` - a perceptual network's ReLUs and maxima - a rounding that flips one of them
 * otherwise moves a gradient further than roundings do, on one processor and not on another: its values are held to the
 * largest of their tensor, as whole tensors are by `expectClose`, and not to their root mean square.
 */
export function expectGradientSummary(
  gradients: ReadonlyMap<string, Values>,
  names: readonly string[],
  norms: Values,
  heads: Values,
  { hasKinks = false } = {},
): void {
  expect([...gradients.keys()].sort()).toEqual([...names].sort());
  const recordedNorms = numbers(norms);
  const recordedHeads = numbers(heads);
  const floor = 1e-7 * Math.max(1, ...recordedNorms);
  names.forEach((name, index) => {
    const values = numbers(gradients.get(name)!);
    const length = norm(values);
    const recorded = recordedNorms[index]!;
    expect(
      Math.abs(length - recorded),
      `norm of the gradient of ${name}: ${length}, recorded ${recorded}`,
    ).toBeLessThanOrEqual(1e-3 * recorded + floor);
    const scale = hasKinks ? largest(values) : recorded / Math.sqrt(values.length);
    values.slice(0, 4).forEach((value, i) => {
      const head = recordedHeads[4 * index + i]!;
      const limit = 1e-3 * Math.max(scale, Math.abs(head)) + floor;
      expect(
        Math.abs(value - head),
        `gradient of ${name}[${i}]: ${value}, recorded ${head}`,
      ).toBeLessThanOrEqual(limit);
    });
  });
}
