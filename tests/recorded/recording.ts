// Recordings of what the finished product computes, taken before its code was reorganised: a change that only moves
// code gives the same bits. Bits depend on the processor, the number of threads and the libraries below; recordings
// are stored per environment, and in one that was never recorded a few numbers are compared within a tolerance instead.
// PROTEOSCOPE_RECORD=1 records anew, for a change that is meant to change numbers.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { bytesOf, type NdArray } from "@proteoscope/formats";
import { expect } from "vitest";
import { repositoryRoot } from "../architecture/repository.ts";

/** What one case computed. */
export interface Computed {
  /** Arrays to be equal bit for bit in an environment that was recorded; in a group neither order nor names count. */
  readonly arrays: ReadonlyMap<string, readonly NdArray[]>;
  /** Numbers to be close in every environment. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

interface RecordedCase {
  numbers: Record<string, readonly number[]>;
  /** By environment, the digest of each group of arrays. */
  digests: Record<string, Record<string, string>>;
}

/** What the bits may depend on in addition to the code: processor, instructions, threads, C library and ONNX Runtime. */
export function describeEnvironment(): string {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, "package-lock.json"), "utf8"));
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return [
    `${process.platform} ${process.arch}`,
    `${cpus()[0]?.model.trim()} (${instructionSet()})`,
    `${availableParallelism()} threads`,
    `glibc ${header.glibcVersionRuntime ?? "none"}`,
    `onnxruntime-node ${lock.packages["node_modules/onnxruntime-node"].version}`,
  ].join(", ");
}

/** The widest vectors that ONNX Runtime's kernels would choose. */
function instructionSet(): string {
  if (!existsSync("/proc/cpuinfo")) return "instructions unknown";
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" "));
  const has = (...names: string[]): boolean => names.every((name) => flags.has(name));
  if (has("avx512f", "avx512bw", "avx512dq", "avx512vl")) return "AVX-512";
  return has("avx2", "fma") ? "AVX2" : "baseline";
}

/** SHA-256 of the arrays' types, shapes and bytes. */
function digestOf(arrays: readonly NdArray[]): string {
  const sha256 = (...parts: (string | Uint8Array)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const each = arrays.map(({ dtype, shape, data }) => sha256(`${dtype} [${shape}]\n`, bytesOf(data)));
  return sha256(...each.sort());
}

/** Holds a case to fixtures/<file>.json; numbers to `relative` times the largest recorded of their list. */
export function expectRecorded(file: string, name: string, computed: Computed, relative: number): void {
  const path = join(import.meta.dirname, "fixtures", `${file}.json`);
  const cases: Record<string, RecordedCase> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const digests = Object.fromEntries([...computed.arrays].map(([key, array]) => [key, digestOf(array)]));
  const environment = describeEnvironment();
  if (process.env.PROTEOSCOPE_RECORD === "1") {
    const numbers = { ...computed.numbers };
    cases[name] = { numbers, digests: { ...cases[name]?.digests, [environment]: digests } };
    writeFileSync(path, `${JSON.stringify(cases, null, 1)}\n`);
  }
  const recorded = cases[name];
  expect(recorded, `${name} is recorded in ${file}.json`).toBeDefined();
  const known = recorded!.digests[environment];
  if (known !== undefined) expect(digests, `${name}, bit for bit`).toEqual(known);
  else {
    const [anyEnvironment] = Object.values(recorded!.digests);
    expect(Object.keys(digests).sort(), `arrays of ${name}`).toEqual(Object.keys(anyEnvironment!).sort());
  }
  expectNumbers(name, computed.numbers, recorded!.numbers, relative);
}

function expectNumbers(
  name: string,
  actual: Computed["numbers"],
  recorded: Computed["numbers"],
  relative: number,
): void {
  expect(Object.keys(actual).sort(), `numbers of ${name}`).toEqual(Object.keys(recorded).sort());
  for (const [key, wanted] of Object.entries(recorded)) {
    expect(actual[key], `${key} of ${name}`).toHaveLength(wanted.length);
    const limit = relative * Math.max(...wanted.map(Math.abs));
    for (const [index, value] of wanted.entries()) {
      const detail = `${key}[${index}] of ${name} is ${actual[key]![index]}, recorded ${value}`;
      expect(Math.abs(actual[key]![index]! - value), detail).toBeLessThanOrEqual(limit);
    }
  }
}

/** `count` values of an array, evenly spread over it, rounded to 7 digits. */
export function spreadValues({ data }: NdArray, count: number): number[] {
  const step = data.length / count;
  return Array.from({ length: count }, (_, i) =>
    Number(Number(data[Math.floor((i + 0.5) * step)]).toPrecision(7)),
  );
}
