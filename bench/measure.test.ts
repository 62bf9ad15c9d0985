import { describe, expect, it } from "vitest";
import { measure, median } from "./measure.ts";

// A clock that only the work moves.
function workOf(runMs: number[]) {
  const state = { ms: 0, runs: 0 };
  const run = async (): Promise<void> => {
    state.ms += runMs[state.runs % runMs.length]!;
    state.runs += 1;
  };
  return { run, state, nowMs: () => state.ms };
}

describe("measure", () => {
  it("throws the warm-up away and reports median and minimum of the rest", async () => {
    const { run, nowMs } = workOf([900, 10, 30, 20, 500, 40]);
    const timing = await measure({ run }, { warmUpRuns: 1, leastRuns: 5, leastTotalMs: 0, nowMs });
    expect(timing).toEqual({ ms: 30, min: 10, n: 5 });
  });

  it("adds runs of quick work until enough time has passed", async () => {
    const { run, state, nowMs } = workOf([2]);
    expect(await measure({ run }, { warmUpRuns: 2, leastRuns: 3, leastTotalMs: 100, nowMs })).toMatchObject({
      n: 50,
    });
    expect(state.runs).toBe(52);
  });

  it("passes a failing run on", async () => {
    const run = () => Promise.reject(new Error("no kernel"));
    await expect(measure({ run })).rejects.toThrow("no kernel");
  });
});

describe("median", () => {
  it("is the middle, or the mean of the two in the middle", () => {
    expect(median([3])).toBe(3);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 100])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });
});
