import { describe, expect, it } from "vitest";
import { gaussianBlur } from "./gaussian-blur.ts";

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

describe("gaussianBlur", () => {
  it("spreads a point by the Gaussian and keeps its sum", () => {
    const point = new Float32Array(21 * 25);
    point[10 * 25 + 12] = 1;
    const blurred = gaussianBlur(point, { height: 21, width: 25 }, 1.5);
    expect(sum(blurred)).toBeCloseTo(1, 5);
    const at = (y: number, x: number) => blurred[(10 + y) * 25 + 12 + x]!;
    expect(at(0, 3) / at(0, 0)).toBeCloseTo(Math.exp(-0.5 * (3 / 1.5) ** 2), 5);
    expect(at(2, 1) / at(0, 0)).toBeCloseTo(Math.exp(-0.5 * (5 / 1.5 ** 2)), 5);
    expect(at(-2, 1)).toBe(at(2, -1));
  });

  it("leaves a flat plane flat up to its edges", () => {
    const blurred = gaussianBlur(new Float32Array(30).fill(7), { height: 5, width: 6 }, 3);
    for (const value of blurred) expect(value).toBeCloseTo(7, 5);
  });

  it("works on planes smaller than its kernel", () => {
    const blurred = gaussianBlur(Float32Array.of(0, 1), { height: 1, width: 2 }, 2);
    expect(sum(blurred)).toBeCloseTo(1, 5);
    expect(blurred[1]).toBeGreaterThan(blurred[0]!);
  });
});
