import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { frechetDistance } from "./frechet-distance.ts";

const rows = (seed: number, count: number, width: number) => {
  const values = createGenerator(seed, "rows").normal(count * width);
  return Array.from({ length: count }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
};

describe("the Fréchet distance", () => {
  it("is (m1 - m2)² + (s1 - s2)² in one dimension", () => {
    const a = [[1], [2], [3], [6]]; // mean 3, variance 14 / 3
    const b = [[10], [12]]; // mean 11, variance 2
    const expected = 64 + (Math.sqrt(14 / 3) - Math.sqrt(2)) ** 2;
    expect(frechetDistance(a, b)).toBeCloseTo(expected, 4);
    expect(frechetDistance(b, a)).toBeCloseTo(expected, 4);
  });

  it("is the shift alone where one set is the other, moved", () => {
    const a = rows(1, 30, 5);
    const moved = a.map((row) => row.map((value, i) => value + i));
    expect(frechetDistance(a, moved)).toBeCloseTo(1 + 4 + 9 + 16, 4);
    expect(frechetDistance(a, a)).toBeCloseTo(0, 4);
  });

  it("adds the differences of deviations where the covariances commute", () => {
    // Columns that are orthogonal and of mean 0, so that both covariances are diagonal: [4/3, 4/3, 4/3] and scaled.
    const a = [
      [1, 1, 1],
      [1, -1, -1],
      [-1, 1, -1],
      [-1, -1, 1],
    ];
    const b = a.map(([x, y, z]) => [2 * x!, 3 * y!, z!]);
    expect(frechetDistance(a, b)).toBeCloseTo((4 / 3) * (1 + 4), 4);
  });

  it("does not change when both sets are turned, and sees a turn of one", () => {
    const a = rows(2, 40, 2).map(([x, y]) => [3 * x!, y!]);
    const b = rows(3, 40, 2);
    const turn = (row: readonly number[]) => [0.6 * row[0]! - 0.8 * row[1]!, 0.8 * row[0]! + 0.6 * row[1]!];
    expect(frechetDistance(a.map(turn), b.map(turn))).toBeCloseTo(frechetDistance(a, b), 6);
    expect(frechetDistance(a, a.map(turn))).toBeGreaterThan(0.5);
  });

  it("is a number where the vectors are fewer than the dimensions, and none for a single vector", () => {
    expect(frechetDistance(rows(4, 5, 12), rows(5, 5, 12))).toBeGreaterThan(1);
    expect(frechetDistance([[1, 2]], rows(5, 5, 2))).toBeNaN();
  });
});
