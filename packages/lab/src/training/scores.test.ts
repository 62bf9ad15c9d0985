import { describe, expect, it } from "vitest";
import { openBestScore } from "./scores.ts";

describe("the best score of a run", () => {
  it.each([
    ["max", [0.5, 0.4, 0.6, 0.6], [true, false, true, false]],
    ["min", [0.5, 0.6, 0.4, 0.4], [true, false, true, false]],
  ] as const)("is its %simum, the first of equals", (mode, values, expected) => {
    const best = openBestScore({ score: "x", mode });
    expect(values.map((x, step) => best.offer(step, { x }))).toEqual(expected);
    expect(best.step).toBe(2);
  });

  it("is the latest where no score is named", () => {
    const best = openBestScore(undefined);
    expect([4, 8, 12].map((step) => best.offer(step, {}))).toEqual([true, true, true]);
    expect(best.step).toBe(12);
  });

  it("is the latest while the score is no number, and then a number", () => {
    const best = openBestScore({ score: "x", mode: "max" });
    const offers = [{}, { x: Number.NaN }, { x: 0.1 }, { x: Number.NaN }, { x: 0.05 }];
    expect(offers.map((scores, step) => best.offer(step, scores))).toEqual([true, true, true, false, false]);
  });

  it("goes on after it was stored", () => {
    const best = openBestScore({ score: "x", mode: "max" });
    best.offer(3, { x: 0.25 });
    const resumed = openBestScore({ score: "x", mode: "max" });
    resumed.restore(best.metadata());
    expect(resumed.step).toBe(3);
    expect(resumed.offer(4, { x: 0.2 })).toBe(false);
    expect(resumed.offer(5, { x: 0.3 })).toBe(true);
    expect(openBestScore(undefined).metadata()).toEqual({});
  });
});
