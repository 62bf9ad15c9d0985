import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawDiscs, side } from "../testing/discs.ts";
import { varianceOfLaplacian } from "./sharpness.ts";

describe("varianceOfLaplacian", () => {
  it("is that of the 4-neighbour Laplacian, by hand", () => {
    const plane = Float32Array.of(0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0); // 3 rows of 4
    // Inner pixels: at the 3 ... it stands second in its row: -12; its right neighbour: 3.
    expect(varianceOfLaplacian(plane, 3, 4)).toBeCloseTo((144 + 9) / 2 - ((-12 + 3) / 2) ** 2, 10);
  });

  it("is nothing for a flat plane, a slope, and a plane without inner pixels", () => {
    const slope = Float32Array.from({ length: 100 }, (_, i) => 3 * (i % 10) + 7 * Math.floor(i / 10));
    expect(varianceOfLaplacian(new Float32Array(100).fill(5), 10, 10)).toBe(0);
    expect(varianceOfLaplacian(slope, 10, 10)).toBeCloseTo(0, 10);
    expect(varianceOfLaplacian(Float32Array.of(1, 9), 1, 2)).toBe(0);
  });

  it("falls with blur, whatever the brightness of the ground", () => {
    const sharpness = [1, 3, 6, 9, 15].map((blur) => {
      const plane = Float32Array.from(drawDiscs({ discs: 4, radius: 8, blur }), (value) => value + 500);
      return varianceOfLaplacian(plane, side, side);
    });
    expect(sharpness).toEqual(sharpness.toSorted((a, b) => b - a));
    expect(sharpness[0]! / sharpness[4]!).toBeGreaterThan(20);
  });

  it("is the mean square less the square of the mean, for any plane", () => {
    const planes = fc.tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 }), fc.nat());
    fc.assert(
      fc.property(planes, ([height, width, seed]) => {
        const plane = Float32Array.from({ length: height * width }, (_, i) => ((i + seed) * 7919) % 257);
        const values: number[] = [];
        for (let y = 1; y < height - 1; y++)
          for (let x = 1; x < width - 1; x++) {
            const at = (dy: number, dx: number) => plane[(y + dy) * width + x + dx]!;
            values.push(at(0, 1) + at(0, -1) + at(1, 0) + at(-1, 0) - 4 * at(0, 0));
          }
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        expect(varianceOfLaplacian(plane, height, width)).toBeCloseTo(variance, 4);
      }),
    );
  });
});
