import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { kernelDistance } from "./kernel-distance.ts";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rows = (seed: number, count: number, width: number, shift = 0) => {
  const values = createGenerator(seed, "rows").normal(count * width);
  return Array.from({ length: count }, (_, i) =>
    values.slice(i * width, (i + 1) * width).map((value) => value + shift),
  );
};

describe("the kernel distance", () => {
  it("is what one counts by hand", () => {
    const a = [Float32Array.of(1, 1), Float32Array.of(2, 0)]; // x·y/d + 1 = 2
    const b = [Float32Array.of(0, 0), Float32Array.of(0, 2)]; // 1; across: 1, 2, 1, 1
    expect(kernelDistance(a, b)).toBe(8 + 1 - (2 * (1 + 8 + 1 + 1)) / 4);
  });

  it("is 0 on average for two sets of one distribution, however small", () => {
    const values = Array.from({ length: 300 }, (_, i) =>
      kernelDistance(rows(2 * i, 4, 3), rows(2 * i + 1, 4, 3)),
    );
    const error = Math.sqrt(mean(values.map((value) => value ** 2)) / values.length);
    expect(Math.abs(mean(values))).toBeLessThan(3 * error);
    expect(Math.min(...values)).toBeLessThan(0);
  });

  it("grows with the shift between two sets", () => {
    const reference = rows(1, 40, 3);
    const distances = [0, 0.5, 1, 2].map((shift) => kernelDistance(rows(2, 40, 3, shift), reference));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  });

  it("does not pair a repeated row with itself", () => {
    const [x, y] = rows(1, 2, 3) as [Float32Array, Float32Array];
    const other = rows(2, 5, 3);
    expect(kernelDistance([x, y, x, y], other)).toBeCloseTo(kernelDistance([x, y], other), 9);
    expect(kernelDistance([x, x], other)).toBeNaN();
  });
});
