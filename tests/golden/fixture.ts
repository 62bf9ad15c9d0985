// Golden files: tensors recorded from the reference implementations in PyTorch, against which the networks are held.
// Small ones lie in fixtures/, the others in the folder that PROTEOSCOPE_GOLDEN names; pretrained weights, which are
// not ours to ship, in PROTEOSCOPE_WEIGHTS. A test whose file is in neither is skipped by name. The `*_hash` files hold
// no weights: those come from an integer hash of the parameter's name, so that 55 M of them need no storage.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ParameterDeclaration } from "@proteoscope/engine";
import { type NdArray, readSafetensors, type Safetensors } from "@proteoscope/formats";
import { expect } from "vitest";

const fixtureFolder = fileURLToPath(new URL("./fixtures", import.meta.url));

/** A golden file by its name without ending; undefined where no folder has it. */
export function golden(name: string): Safetensors | undefined {
  return readFrom([fixtureFolder, process.env.PROTEOSCOPE_GOLDEN], name);
}

/** A file of pretrained weights by its name without ending; undefined where no folder has it. */
export function pretrained(name: string): Safetensors | undefined {
  return readFrom([process.env.PROTEOSCOPE_WEIGHTS], name);
}

function readFrom(folders: readonly (string | undefined)[], name: string): Safetensors | undefined {
  const paths = folders.flatMap((folder) => (folder ? [join(folder, `${name}.safetensors`)] : []));
  const path = paths.find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : readSafetensors(readFileSync(path));
}

/** The tensors whose names begin with `prefix`, by the rest of their names. */
export function below(tensors: ReadonlyMap<string, NdArray>, prefix: string): Map<string, NdArray> {
  const found = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  return new TextEncoder()
    .encode(text)
    .reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
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
}

const numbers = ({ data }: Values): number[] =>
  Array.from(data as unknown as ArrayLike<number | bigint>, Number);

/** Holds every value of a tensor to a recorded one; `name` is told where it fails. */
export function expectClose(
  actual: Values | undefined,
  expected: Values | undefined,
  { absolute = 0, relative = 0 }: Tolerance,
  name = "",
): void {
  expect(actual, `${name} was computed`).toBeDefined();
  expect(expected, `${name} was recorded`).toBeDefined();
  expect(actual!.shape, `shape of ${name}`).toEqual(expected!.shape);
  const wanted = numbers(expected!);
  const limit =
    absolute + relative * wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const worst = numbers(actual!).reduce(
    (worst, value, index) => {
      const difference = Math.abs(value - wanted[index]!);
      return difference <= worst.difference ? worst : { difference, index, value, wanted: wanted[index] };
    },
    { difference: 0, index: 0, value: 0, wanted: 0 as number | undefined },
  );
  const detail = `${name}[${worst.index}] is ${worst.value}, recorded ${worst.wanted}`;
  expect(worst.difference, detail).toBeLessThanOrEqual(limit);
  expect(numbers(actual!).every(Number.isFinite), `${name} is finite`).toBe(wanted.every(Number.isFinite));
}

/**
 * Holds gradients to a `*_hash` file's summary: of each of `names`, the norm (`gnorm`) and the first values (`ghead`).
 *
 * A gradient that is zero by symmetry, such as an attention key's bias, is rounding noise; it is held to the scale
 * of the largest. Where a loss `hasKinks` - a perceptual network's ReLUs and maxima - a rounding that decides one of them
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
    const norm = Math.sqrt(values.reduce((total, value) => total + value * value, 0));
    const recorded = recordedNorms[index]!;
    expect(
      Math.abs(norm - recorded),
      `norm of the gradient of ${name}: ${norm}, recorded ${recorded}`,
    ).toBeLessThanOrEqual(1e-3 * recorded + floor);
    const scale = hasKinks
      ? values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
      : recorded / Math.sqrt(values.length);
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
