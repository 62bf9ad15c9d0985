import { createGenerator } from "@proteoscope/engine";
import type { LogitCorrection } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { fitCorrection } from "./platt.ts";

/** Gradients of half the squared distance from corrected logits to the targets. */
const towards =
  (logits: readonly (readonly number[])[], targets: readonly (readonly number[])[]) =>
  ({ scale, bias }: LogitCorrection) =>
    logits.map((row, item) => Float64Array.from(row, (x, i) => scale * x + bias[i]! - targets[item]![i]!));

describe("fitCorrection", () => {
  it("finds the scale and the shifts of the target logits", async () => {
    const normal = createGenerator(1, "logits").normal(300);
    const logits = Array.from({ length: 100 }, (_, row) => [...normal.subarray(3 * row, 3 * row + 3)]);
    const targets = logits.map((row) => row.map((x, i) => 0.4 * x + [3, 0, -2][i]!));
    const { scale, bias } = await fitCorrection(3, logits, towards(logits, targets));
    expect(scale).toBeCloseTo(0.4, 3);
    for (const [i, shift] of [3, 0, -2].entries()) expect(bias[i]).toBeCloseTo(shift, 3);
  });

  it("shrinks shifts towards 0, the less the more examples there are", async () => {
    const shiftOf = (count: number) => {
      const logits = Array.from({ length: count }, () => [0]);
      const mean = (correction: LogitCorrection) =>
        towards(
          logits,
          logits.map(() => [2]),
        )(correction).map((gradients) => gradients.map((x) => x / count));
      return fitCorrection(1, logits, mean);
    };
    // The minimum of (b - 2)^2 / 2 + b^2 / (2 * 2^2 * count).
    const ofTen = await shiftOf(10);
    expect((await shiftOf(1)).bias[0]).toBeCloseTo(2 / (1 + 1 / 4), 3);
    expect(ofTen.bias[0]).toBeCloseTo(2 / (1 + 1 / 40), 3);
    expect(ofTen.scale).toBe(1); // logits of 0 do not depend on it
  });

  it("leaves a label without gradients as it is", async () => {
    const { scale, bias } = await fitCorrection(2, [[1, 5]], ({ bias: [first] }) => [
      Float64Array.of(first! - 1, 0),
    ]);
    expect(bias[1]).toBe(0);
    expect(scale).not.toBe(1);
  });

  it("says how far it is, and stops at an abort between two rounds", async () => {
    const controller = new AbortController();
    const rounds: number[] = [];
    const onRound = (done: number) => {
      rounds.push(done);
      if (done === 3) setImmediate(() => controller.abort(new Error("interrupted")));
    };
    const fit = fitCorrection(1, [[1]], () => [Float64Array.of(0)], { signal: controller.signal, onRound });
    await expect(fit).rejects.toThrow("interrupted");
    expect(rounds.length).toBeLessThan(6);
  });

  it("refuses to fit nothing", async () => {
    await expect(fitCorrection(2, [], () => [])).rejects.toThrow(/no protein to calibrate with/);
  });
});
