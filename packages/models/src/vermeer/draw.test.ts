import { describe, expect, it } from "vitest";
import { drawProbabilities, greedyToken, tokenAt, tokenByExponentials } from "./draw.ts";
import { codesAt, pictureTokenCount, pictureTokens, specialTokens, vocabularySize } from "./tokens.ts";

const logits = Float32Array.of(0, 3, 1, 3, -2).map((value) => value * Math.LN2); // 1, 8, 2, 8, 1/4 parts

describe("probabilities of a draw", () => {
  it("are those of the logits over the temperature", () => {
    const total = 1 + 8 + 2 + 8 + 0.25;
    expect([...drawProbabilities(logits)]).toEqual(
      [1, 8, 2, 8, 0.25].map((part) => expect.closeTo(part / total, 6)),
    );
    const cold = drawProbabilities(logits, { temperature: 0.5 });
    expect(cold[1]! / cold[2]!).toBeCloseTo(16, 4);
  });

  it("are zero below the k-th largest, whose equals stay", () => {
    expect([...drawProbabilities(logits, { topK: 1 })]).toEqual([0, 0.5, 0, 0.5, 0]);
    expect([...drawProbabilities(logits, { topK: 3 })].filter((p) => p > 0)).toHaveLength(3);
    expect([...drawProbabilities(logits, { topK: 99 })].filter((p) => p > 0)).toHaveLength(5);
  });

  it("stay for tokens before which the probability is at most p; the likeliest always", () => {
    expect([...drawProbabilities(logits, { topP: 0.5 })]).toEqual([0, 0.5, 0, 0.5, 0]);
    expect([...drawProbabilities(logits, { topP: 0 })].filter((p) => p > 0)).toHaveLength(1);
    expect([...drawProbabilities(logits, { topP: 0.9 })].filter((p) => p > 0)).toHaveLength(3);
  });
});

describe("a draw", () => {
  const probabilities = Float64Array.of(0.25, 0, 0.75, 0);
  it("by a uniform number is the token at which the sum passes it", () => {
    expect([0, 0.2, 0.25, 0.9, 1].map((u) => tokenAt(probabilities, u))).toEqual([0, 0, 2, 2, 2]);
  });

  it("by exponential numbers is the token of the largest ratio, greedily the first largest", () => {
    expect(tokenByExponentials(probabilities, [0.1, 1, 1, 1])).toBe(0);
    expect(tokenByExponentials(probabilities, [1, 1, 1, 1])).toBe(2);
    expect(greedyToken([1, 5, 5])).toBe(1);
  });
});

describe("the tokens of a cell", () => {
  const layout = { numCodes: 16384, numStains: 4, gridSide: 16 };
  it("have the released ids", () => {
    expect(vocabularySize(layout)).toBe(16393);
    const { open, close, end } = specialTokens(layout);
    expect([open(0), open(3), close(0), close(3), end]).toEqual([16384, 16387, 16388, 16391, 16392]);
    expect(pictureTokenCount(layout, 4)).toBe(1032);
  });

  it("of a picture are its codes between two of its stain; what is no code becomes the last one", () => {
    const small = { numCodes: 10, numStains: 2, gridSide: 2 };
    const tokens = pictureTokens(small, [{ stain: 1, codes: [3, 1, 4, 1] }]);
    expect(tokens).toEqual([11, 3, 1, 4, 1, 13]);
    expect(codesAt(small, [11, 3, 14, 4, 11, 13], 0)).toEqual([3, 9, 4, 9]);
  });
});
