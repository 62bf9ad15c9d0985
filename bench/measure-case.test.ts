import { expect, it } from "vitest";
import type { BenchCase, Prepared } from "./case.ts";
import { measureCase } from "./measure-case.ts";

const quick = { warmUpRuns: 0, leastRuns: 3, leastTotalMs: 0, threads: 1 };

function caseOf(run: () => Promise<void>, log: string[], more: Partial<Prepared> = {}): BenchCase {
  const close = async () => void log.push("close");
  const prepare = async () => ({ gflop: 2, run, close, ...more });
  return { name: "test.case", title: "nothing", prepare };
}

it("measures a case, its memory too, and closes it", async () => {
  const log: string[] = [];
  const result = await measureCase(
    caseOf(async () => void log.push("run"), log),
    quick,
  );
  expect(log).toEqual(["run", "run", "run", "close"]);
  expect(result).toMatchObject({ name: "test.case", n: 3, gflop: 2, peer: null, ratio: null });
  expect(Object.keys(result).sort()).toEqual(
    ["gflop", "min", "ms", "n", "name", "peakMb", "peer", "ratio"].sort(),
  );
  expect(result.ms).toBeGreaterThanOrEqual(result.min);
  expect(result.peakMb).toBeGreaterThan(10);
});

it("gives a case a runtime to work with, and closes that too", async () => {
  let run: (() => Promise<unknown>) | undefined;
  const { prepare: _, ...words } = caseOf(async () => {}, []);
  const result = await measureCase(
    {
      ...words,
      async prepare(runtime) {
        run = () => runtime.getState("none");
        expect(runtime.device).toBe("cpu");
        return { gflop: null, run: async () => {} };
      },
    },
    quick,
  );
  expect(result.gflop).toBeNull();
  await expect(run!()).rejects.toThrow("closed");
});

it("closes a case that fails", async () => {
  const log: string[] = [];
  const failing = caseOf(() => Promise.reject(new Error("no")), log);
  await expect(measureCase(failing, quick)).rejects.toThrow("no");
  expect(log).toEqual(["close"]);
});

it("takes the memory of the processes that a case starts from the case", async () => {
  const outside = caseOf(async () => {}, [], { peakMb: () => 12.4 });
  expect((await measureCase(outside, quick)).peakMb).toBe(12);
});

it("warms a case up as often as that asks for", async () => {
  const log: string[] = [];
  const { warmUpRuns: _, ...rest } = quick;
  const slow: BenchCase = { ...caseOf(async () => void log.push("run"), log), warmUpRuns: 2 };
  expect(await measureCase(slow, rest)).toMatchObject({ n: 3 });
  expect(log.filter((what) => what === "run")).toHaveLength(5);
});

it("runs long work once, and not to warm up", async () => {
  const log: string[] = [];
  const long: BenchCase = { ...caseOf(async () => void log.push("run"), log), once: true };
  expect(await measureCase(long, { ...quick, warmUpRuns: 2 })).toMatchObject({ n: 1 });
  expect(log).toEqual(["run", "close"]);
});
