import { describe, expect, it } from "vitest";
import { mutualInformation, normalizedError, rankCorrelation } from "./plane-agreement.ts";

const varied = Float64Array.from({ length: 400 }, (_, i) => ((i * 7919) % 401) / 401);

describe("rank correlation", () => {
  it("is 1 for what rises with the other, -1 for what falls, and counts ties by their mean rank", () => {
    expect(rankCorrelation(varied, varied.map(Math.exp))).toBeCloseTo(1, 12);
    expect(
      rankCorrelation(
        varied,
        varied.map((x) => -(x ** 3)),
      ),
    ).toBeCloseTo(-1, 12);
    // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: a covariance of 4.5 over the root of 4.5 * 5.
    expect(rankCorrelation([1, 2, 2, 3], [10, 30, 20, 40])).toBeCloseTo(Math.sqrt(4.5 / 5), 12);
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});

describe("the normalised error", () => {
  it("is the length of the error over that of the reference", () => {
    expect(normalizedError([1, 2, 2], [1, 2, 2])).toBe(0);
    expect(normalizedError([1, 2, 5], [1, 2, 2])).toBeCloseTo(1, 12); // 3 / 3
    expect(normalizedError([0, 0, 0], [3, 4, 0])).toBe(1);
  });
});

describe("mutual information", () => {
  it("is the entropy for a plane with itself, and symmetric", () => {
    const halves = [0, 0, 1, 1];
    expect(mutualInformation(halves, halves)).toBeCloseTo(Math.log(2), 12);
    expect(mutualInformation(halves, [1, 1, 0, 0])).toBeCloseTo(Math.log(2), 12);
    const other = varied.map((x) => Math.round(3 * x) / 3);
    expect(mutualInformation(varied, other)).toBeCloseTo(mutualInformation(other, varied), 12);
  });

  it("is 0 for planes that say nothing of each other", () => {
    expect(mutualInformation([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(0, 12);
    expect(mutualInformation(varied, new Float64Array(400))).toBeCloseTo(0, 12);
  });

  it("of a hand-made table is what its sums give", () => {
    // Joint shares 3/8, 1/8, 1/8, 3/8 with even margins.
    const a = [0, 0, 0, 0, 1, 1, 1, 1];
    const b = [0, 0, 0, 1, 0, 1, 1, 1];
    expect(mutualInformation(a, b)).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 12);
  });
});
