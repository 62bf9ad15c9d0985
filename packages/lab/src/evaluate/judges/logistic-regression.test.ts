import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { fitLogistic } from "./logistic-regression.ts";

/** Two clouds of two features each about its class's centre. */
function clouds(counts: readonly number[], centres: readonly (readonly [number, number])[], seed = 0) {
  const noise = createGenerator(seed, "clouds").normal(2 * counts.reduce((a, b) => a + b, 0));
  let next = 0;
  const rows: number[][] = [];
  const labels: number[] = [];
  for (const [label, count] of counts.entries())
    for (let i = 0; i < count; i++) {
      rows.push(centres[label]!.map((centre) => centre + noise[next++]!));
      labels.push(label);
    }
  return { rows, labels };
}
const argmax = (values: Float64Array) => values.indexOf(Math.max(...values));

describe("fitLogistic", () => {
  it("tells three classes apart whose features differ, on rows that it was not fitted to", () => {
    const centres = [
      [0, 0],
      [6, 0],
      [0, 6],
    ] as const;
    const { rows, labels } = clouds([40, 40, 40], centres);
    const judge = fitLogistic(rows, labels, 3);
    const unseen = clouds([50, 50, 50], centres, 1);
    const right = unseen.rows.filter((row, i) => argmax(judge(row)) === unseen.labels[i]);
    expect(right.length / 150).toBeGreaterThan(0.95);
  });

  it("gives probabilities that sum to 1, near those of the generating clouds", () => {
    const centres = [
      [0, 0],
      [1, 0],
    ] as const;
    const { rows, labels } = clouds([1500, 1500], centres);
    const judge = fitLogistic(rows, labels, 2, { ridge: 1e-4 });
    for (const x of [-1, 0.5, 2]) {
      const probabilities = judge([x, 0.3]);
      expect(probabilities[0]! + probabilities[1]!).toBeCloseTo(1, 10);
      // For unit clouds the odds of the second are exp(x - 1/2).
      expect(Math.abs(probabilities[1]! - 1 / (1 + Math.exp(0.5 - x)))).toBeLessThan(0.06);
    }
  });

  it("counts classes alike, whatever their frequency", () => {
    const { rows, labels } = clouds(
      [2000, 100],
      [
        [0, 0],
        [1.5, 0],
      ],
    );
    const judge = fitLogistic(rows, labels, 2);
    expect(judge([0.75, 0])[1]).toBeGreaterThan(0.4); // halfway between the centres
    expect(judge([0.75, 0])[1]).toBeLessThan(0.6);
  });

  it("has smaller weights, and so milder answers, under a stronger ridge", () => {
    const { rows, labels } = clouds(
      [60, 60],
      [
        [0, 0],
        [3, 0],
      ],
    );
    const answers = [0.001, 0.1, 10].map((ridge) => fitLogistic(rows, labels, 2, { ridge })([3, 0])[1]!);
    expect(answers[0]).toBeGreaterThan(answers[1]!);
    expect(answers[1]).toBeGreaterThan(answers[2]!);
    expect(answers[2]).toBeGreaterThan(0.5);
  });

  it("answers the same whatever the features' units, and leaves constant ones out", () => {
    const { rows, labels } = clouds(
      [40, 40],
      [
        [0, 0],
        [2, 1],
      ],
    );
    const scaled = rows.map(([x, y]) => [1000 * x! - 3, 0.01 * y!, 7]);
    const [plain, other] = [fitLogistic(rows, labels, 2), fitLogistic(scaled, labels, 2)];
    expect(other([1000 * 1.2 - 3, 0.004, 7])[1]).toBeCloseTo(plain([1.2, 0.4])[1]!, 6);
    expect(other([1000 * 1.2 - 3, 0.004, 900])[1]).toBeCloseTo(plain([1.2, 0.4])[1]!, 6);
  });

  it("never answers a class that it has no row of, and does not lose itself on a strange image", () => {
    const { rows, labels } = clouds(
      [30, 30],
      [
        [0, 0],
        [3, 3],
      ],
    );
    const judge = fitLogistic(rows, labels, 3);
    expect(judge([1, 1])[2]).toBe(0);
    expect([...judge([1e9, -1e9])].every(Number.isFinite)).toBe(true);
  });

  it("refuses to be fitted to nothing", () => {
    expect(() => fitLogistic([], [], 2)).toThrow("no row");
  });
});
