import { describe, expect, it } from "vitest";
import { labelProbabilities, noCalibration, posteriorProbabilities } from "./calibration.ts";

const logits = [2, 0, -1];
const corrected = {
  probabilities: { scale: 0.5, bias: [-1, 1, 0.5] },
  posterior: { scale: 2, bias: [-5, 0, 3] },
};

describe("the calibration of a localization head", () => {
  it("leaves logits as they are where there is none: sigmoid, and softmax for one compartment", () => {
    const none = noCalibration(3);
    const [first, second] = labelProbabilities(logits, none);
    expect(first).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    expect(second).toBe(0.5);
    const total = Math.exp(2) + 1 + Math.exp(-1);
    expect(posteriorProbabilities(logits, none)[2]).toBeCloseTo(Math.exp(-1) / total, 6);
  });

  it("scales and shifts each logit", () => {
    expect(labelProbabilities(logits, corrected)[0]).toBe(0.5);
    expect(labelProbabilities(logits, corrected)[1]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    const [a, b, c] = posteriorProbabilities(logits, corrected);
    expect(a! + b! + c!).toBeCloseTo(1, 6);
    expect(Math.log(c! / a!)).toBeCloseTo(1 - -1, 5);
  });

  it("does not overflow", () => {
    const sure = posteriorProbabilities([1e4, 0, -1e4], noCalibration(3));
    expect([...sure]).toEqual([1, 0, 0]);
  });
});
