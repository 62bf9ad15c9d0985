import { expect, it } from "vitest";
import type { BenchCase } from "./case.ts";
import { cases } from "./cases/index.ts";
import { measureCase } from "./measure-case.ts";

const quick = { warmUpRuns: 0, leastRuns: 3, leastTotalMs: 0 };

function caseOf(run: () => Promise<void>, log: string[]): BenchCase {
  const close = async () => void log.push("close");
  return { name: "test.case", gflop: 2, prepare: async () => ({ run, close }) };
}

it("measures a case, its memory too, and closes it", async () => {
  const log: string[] = [];
  const result = await measureCase(
    caseOf(async () => void log.push("run"), log),
    quick,
  );
  expect(log).toEqual(["run", "run", "run", "close"]);
  expect(result).toMatchObject({ name: "test.case", n: 3, gflop: 2, peer: null, ratio: null });
  expect(result.ms).toBeGreaterThanOrEqual(result.min);
  expect(result.peakMb).toBeGreaterThan(10);
});

it("closes a case that fails", async () => {
  const log: string[] = [];
  const failing = caseOf(() => Promise.reject(new Error("no")), log);
  await expect(measureCase(failing, quick)).rejects.toThrow("no");
  expect(log).toEqual(["close"]);
});

it("does not call the memory of this process that of another", async () => {
  const outside: BenchCase = { ...caseOf(async () => {}, []), outOfProcess: true };
  expect((await measureCase(outside, quick)).peakMb).toBeNull();
});

it("every benchmark has a name of its own", () => {
  const names = cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[\w-]+(\.[\w-]+)+$/);
});
