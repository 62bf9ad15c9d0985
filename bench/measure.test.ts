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
    expect(timing).toEqual({ ours: { ms: 30, min: 10, n: 5 }, peer: null });
  });

  it("adds runs of quick work until enough time has passed", async () => {
    const { run, state, nowMs } = workOf([2]);
    const timing = await measure({ run }, { warmUpRuns: 2, leastRuns: 3, leastTotalMs: 100, nowMs });
    expect(timing.ours.n).toBe(50);
    expect(state.runs).toBe(52);
  });

  it("lets the peer take turns with us, and takes its time from its own clock", async () => {
    const { run, nowMs } = workOf([10]);
    const turns: string[] = [];
    const peerTimes = [99, 7, 5, 6];
    const rounds: number[] = [];
    const timing = await measure(
      {
        run() {
          turns.push("ours");
          return run();
        },
        async peer() {
          turns.push("peer");
          return peerTimes.shift()!;
        },
      },
      { warmUpRuns: 1, leastRuns: 3, leastTotalMs: 0, nowMs, onRound: (round) => rounds.push(round) },
    );
    expect(timing).toEqual({ ours: { ms: 10, min: 10, n: 3 }, peer: { ms: 6, min: 5, n: 3 } });
    expect(turns.join(" ")).toBe("ours peer ours peer ours peer ours peer");
    expect(rounds).toEqual([1, 2, 3]);
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
