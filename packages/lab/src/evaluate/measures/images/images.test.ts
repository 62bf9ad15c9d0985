import { createGenerator } from "@proteoscope/engine";
import { gaussianBlur, powerSpectrum } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import { earthMovers, openHistogram } from "./histogram.ts";
import { resolvability, ringPower } from "./resolvability.ts";

const side = 40;
const noise = createGenerator(1, "noise").uniform(side * side);

describe("resolvability", () => {
  const blurred = (sigma: number) => gaussianBlur(noise, { height: side, width: side }, sigma);

  it("is coarser the more an image is blurred, in the unit of the pixel", () => {
    const found = [1.5, 5, 9].map((sigma) => resolvability(blurred(sigma), side, 0.5));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(found[0]).toBeLessThan(found[2]!);
    expect(resolvability(blurred(5), side, 1)).toBe(2 * found[1]!);
  });

  it("does not depend on brightness", () => {
    const half = blurred(3).map((value) => value / 2);
    expect(resolvability(half, side, 1)).toBe(resolvability(blurred(3), side, 1));
  });

  it("is that of the last ring where all are above the threshold, and no number for a black image", () => {
    expect(resolvability(noise, side, 1)).toBeCloseTo(side / 28, 12);
    expect(resolvability(new Float32Array(side * side), side, 1)).toBeNaN();
  });

  it("counts all power once", () => {
    const spectrum = powerSpectrum(noise, side);
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    expect(sum(ringPower(spectrum, side))).toBeCloseTo(sum(spectrum), 6);
  });
});

describe("histograms", () => {
  const of = (plane: ArrayLike<number>) => {
    const histogram = openHistogram();
    histogram.add(plane);
    return histogram.counts;
  };

  it("count every pixel, those beyond the range at its ends", () => {
    const counts = of([-1, 0, 0.5, 1, 7]);
    expect([counts[0], counts[32], counts[63]]).toEqual([2, 1, 2]);
  });

  it("are 0 from themselves, 1 from the opposite, and as far either way", () => {
    const [black, white] = [of(new Float32Array(9)), of(new Float32Array(4).fill(1))];
    expect(earthMovers(of(noise), of(noise))).toBe(0);
    expect(earthMovers(black, white)).toBeCloseTo(1, 12);
    expect(earthMovers(of(noise), black)).toBeCloseTo(earthMovers(black, of(noise)), 12);
  });
});
