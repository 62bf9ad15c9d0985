import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { calibrationError } from "./calibration-error.ts";

const judged = (probability: number, isTrue: boolean) => ({ probability, isTrue });

describe("the calibration error", () => {
  it("is the mean distance between what is said and what is true, bin by bin", () => {
    const rows = [judged(0.9, true), judged(0.9, false), judged(0.15, false), judged(0.15, false)];
    const { error, bins } = calibrationError([rows]);
    expect(bins).toEqual([
      { n: 2, probability: 0.15, share: 0 },
      { n: 2, probability: 0.9, share: 0.5 },
    ]);
    expect(error!.value).toBeCloseTo((0.15 + 0.4) / 2, 12);
    expect(error!.n).toBe(1);
  });

  it("is near 0 for probabilities that are right as often as they say, and large for others", () => {
    const uniform = createGenerator(1, "calibration").uniform(4000);
    const proteins = (said: (p: number) => number) =>
      Array.from({ length: 2000 }, (_, i) => [
        judged(said(uniform[2 * i]!), uniform[2 * i + 1]! < uniform[2 * i]!),
      ]);
    expect(
      calibrationError(
        proteins((p) => p),
        { rounds: 20 },
      ).error!.value,
    ).toBeLessThan(0.05);
    expect(
      calibrationError(
        proteins((p) => Math.sqrt(p)),
        { rounds: 20 },
      ).error!.value,
    ).toBeGreaterThan(0.1);
  });

  it("has a bin for certainty, and none where nothing was judged", () => {
    expect(calibrationError([[judged(1, true), judged(0, false)]]).error!.value).toBe(0);
    expect(calibrationError([])).toEqual({ error: null, bins: [] });
  });
});
