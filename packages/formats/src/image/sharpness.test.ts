import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawDiscs, side } from "../testing/discs.ts";
import { sharpness, varianceOfLaplacian } from "./sharpness.ts";

/** Discs whose edges are `blur` wide, on a ground of 500. */
const discs = (blur: number, gain = 1) =>
  Float32Array.from(drawDiscs({ discs: 4, radius: 8, blur }), (value) => gain * value + 500);

describe("varianceOfLaplacian", () => {
  it("is that of the 4-neighbour Laplacian, by hand", () => {
    const values = Float64Array.of(0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0); // 3 rows of 4
    // Two inner places: that of the 3, and its right neighbour.
    expect(varianceOfLaplacian(values, 3, 4)).toBeCloseTo((144 + 9) / 2 - ((-12 + 3) / 2) ** 2, 10);
  });

  it("is the mean square less the square of the mean, for any values", () => {
    const sizes = fc.tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 }), fc.nat());
    fc.assert(
      fc.property(sizes, ([height, width, seed]) => {
        const values = Float64Array.from({ length: height * width }, (_, i) => ((i + seed) * 7919) % 257);
        const found: number[] = [];
        for (let y = 1; y < height - 1; y++)
          for (let x = 1; x < width - 1; x++) {
            const at = (dy: number, dx: number) => values[(y + dy) * width + x + dx]!;
            found.push(at(0, 1) + at(0, -1) + at(1, 0) + at(-1, 0) - 4 * at(0, 0));
          }
        const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
        const variance = found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / found.length;
        expect(varianceOfLaplacian(values, height, width)).toBeCloseTo(variance, 4);
      }),
    );
  });
});

describe("sharpness", () => {
  it("is that of means over 4 x 4 pixels; a rest at the edge is left out", () => {
    const [height, width] = [19, 22];
    const plane = Float32Array.from({ length: height * width }, (_, i) => (i * 7919) % 257);
    const means = Float64Array.from({ length: 4 * 5 }, (_, bin) => {
      let sum = 0;
      for (let pixel = 0; pixel < 16; pixel++) {
        const y = 4 * Math.floor(bin / 5) + Math.floor(pixel / 4);
        sum += plane[y * width + 4 * (bin % 5) + (pixel % 4)]!;
      }
      return sum / 16;
    });
    expect(sharpness(plane, height, width)).toBeCloseTo(varianceOfLaplacian(means, 4, 5), 6);
  });

  it("takes smaller means of a small plane, and is nothing of the smallest", () => {
    const plane = Float32Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0);
    expect(sharpness(plane, 4, 3)).toBeCloseTo(varianceOfLaplacian(Float64Array.from(plane), 4, 3), 10);
    expect(sharpness(Float32Array.of(1, 9), 1, 2)).toBe(0);
  });

  it("is nothing for a flat plane and a slope, and no number where one is none", () => {
    const slope = Float32Array.from({ length: 400 }, (_, i) => 3 * (i % 20) + 7 * Math.floor(i / 20));
    expect(sharpness(new Float32Array(400).fill(5), 20, 20)).toBe(0);
    expect(sharpness(slope, 20, 20)).toBeCloseTo(0, 8);
    expect(sharpness(slope.fill(Number.NaN, 100, 101), 20, 20)).toBeNaN();
  });

  it("falls with blur", () => {
    const values = [1, 3, 6, 9, 15].map((blur) => sharpness(discs(blur), side, side));
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(values[0]! / values[4]!).toBeGreaterThan(3);
  });

  it("is not taken in by noise that grows with brightness, as the Laplacian of the pixels is", () => {
    // Shot noise: plane after plane 10 % darker, sharpest in the middle.
    let state = 1;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const planes = [0, 1, 2, 3, 4, 5, 6].map((z) =>
      discs(1 + 4 * Math.abs(z - 3), 0.9 ** z).map((value) => {
        const noise = random() + random() + random() + random() - 2; // of variance 1/3
        return value * 0.9 ** z + 6 * Math.sqrt(value * 0.9 ** z) * noise;
      }),
    );
    const sharpest = (measure: (plane: Float32Array) => number) => {
      const values = planes.map(measure);
      return values.indexOf(Math.max(...values));
    };
    expect(sharpest((plane) => sharpness(plane, side, side))).toBe(3);
    expect(sharpest((plane) => varianceOfLaplacian(Float64Array.from(plane), side, side))).not.toBe(3);
  });
});
