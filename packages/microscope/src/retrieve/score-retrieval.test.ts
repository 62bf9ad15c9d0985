import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { chanceOfHit, scoreRetrieval, transposeRows } from "./score-retrieval.ts";

const rows = (...values: number[][]) => values.map((row) => Float32Array.from(row));
const own = (query: number, answer: number) => query === answer;

describe("retrieval", () => {
  it("counts how far down the right answer stands", () => {
    // Ranks 1, 2 and 3.
    const scores = scoreRetrieval(rows([9, 1, 2], [5, 4, 1], [3, 2, 1]), own)!;
    expect(scores).toMatchObject({ queries: 3, gallery: 3, medianRank: 2 });
    expect(scores.recall.map(({ k, recall }) => [k, recall])).toEqual([
      [1, 1 / 3],
      [5, 1],
      [10, 1],
    ]);
  });

  it("takes the best placed of several right answers", () => {
    const pairs = (query: number, answer: number) => answer >> 1 === query;
    const scores = scoreRetrieval(rows([1, 4, 3, 2], [9, 8, 1, 7]), pairs)!;
    expect(scores.recall[0]!.recall).toBe(1 / 2);
    expect(scores.medianRank).toBe(2); // of 1 and 3
    // Two right ones among four: the first is right in half of the cases.
    expect(scores.recall[0]!.chance).toBeCloseTo(1 / 2, 12);
  });

  it("leaves out queries without a right answer", () => {
    const scores = scoreRetrieval(rows([1, 2], [2, 1]), (query, answer) => query === 0 && answer === 1)!;
    expect(scores).toMatchObject({ queries: 1, medianRank: 1 });
    expect(scoreRetrieval(rows([1, 2]), () => false)).toBeUndefined();
    expect(scoreRetrieval([], own)).toBeUndefined();
  });

  it("gives no credit to constant similarities", () => {
    const flat = Array.from({ length: 11 }, () => new Float32Array(11));
    const scores = scoreRetrieval(flat, own)!;
    expect(scores.medianRank).toBe(6);
    expect(scores.recall.map(({ recall }) => recall)).toEqual([0, 0, 1]);
    expect(scores.chanceMedianRank).toBe(6);
  });

  it("knows what chance reaches", () => {
    expect(chanceOfHit(1, 1, 20)).toBeCloseTo(1 / 20, 12);
    expect(chanceOfHit(5, 1, 20)).toBeCloseTo(5 / 20, 12);
    expect(chanceOfHit(2, 3, 10)).toBeCloseTo(1 - (7 / 10) * (6 / 9), 12);
    expect(chanceOfHit(10, 1, 4)).toBe(1);
    expect(chanceOfHit(3, 4, 4)).toBe(1);
  });

  it("agrees with random orders on it", () => {
    const [queries, gallery] = [4000, 30];
    const isRight = (query: number, answer: number) => answer % 10 === query % 10; // three right ones each
    const random = createGenerator(1, "similarities").uniform(queries * gallery);
    const drawn = Array.from({ length: queries }, (_, i) => random.subarray(i * gallery, (i + 1) * gallery));
    const scores = scoreRetrieval(drawn, isRight)!;
    for (const { recall, chance } of scores.recall) expect(Math.abs(recall - chance)).toBeLessThan(0.03);
    expect(Math.abs(scores.medianRank - scores.chanceMedianRank)).toBeLessThanOrEqual(1);
  });
});

describe("transposed rows", () => {
  it("are columns", () => {
    expect(transposeRows(rows([1, 2, 3], [4, 5, 6]))).toEqual(rows([1, 4], [2, 5], [3, 6]));
    expect(transposeRows([])).toEqual([]);
  });
});
