import { describe, expect, it } from "vitest";
import { cellFootprint, sampleAgreement } from "./sample-agreement.ts";

const everywhere = new Uint8Array(6).fill(1);
const rising = Float32Array.of(0, 1, 2, 3, 4, 5);
const falling = Float32Array.of(5, 4, 3, 2, 1, 0);
const uneven = Float32Array.of(0, 1, 2, 3, 4, 9);

describe("sampleAgreement", () => {
  it("is 1 for samples that differ only in brightness", () => {
    const brighter = rising.map((value) => 3 * value + 2);
    expect(sampleAgreement([rising, brighter], everywhere).reliability).toBeCloseTo(1, 12);
  });

  it("is the mean correlation of all pairs", () => {
    // numpy.corrcoef: rising-uneven 0.92202, rising-wave 0.29277, uneven-wave 0.40082
    const wave = Float32Array.of(0, 1, 0, 1, 0, 1);
    const { reliability, medoid } = sampleAgreement([wave, rising, uneven], everywhere);
    expect(reliability).toBeCloseTo((0.92202 + 0.29277 + 0.40082) / 3, 3);
    expect(medoid).toBe(2);
  });

  it("is 0, not negative, for samples that contradict each other", () => {
    expect(sampleAgreement([rising, falling], everywhere).reliability).toBe(0);
  });

  it("looks inside the footprint only", () => {
    const footprint = Uint8Array.of(1, 1, 1, 1, 1, 0);
    expect(sampleAgreement([rising, uneven], footprint).reliability).toBeCloseTo(1, 12);
  });

  it("names the sample that is most like the others as medoid", () => {
    expect(sampleAgreement([falling, uneven, rising], everywhere).medoid).not.toBe(0);
    expect(sampleAgreement([falling], everywhere).medoid).toBe(0);
  });

  it("gives no reliability to a single sample and none to flat ones", () => {
    expect(sampleAgreement([rising], everywhere).reliability).toBeNull();
    const flat = new Float32Array(6).fill(0.3);
    expect(sampleAgreement([flat, flat], everywhere).reliability).toBe(0);
  });

  it("gives the population standard deviation of every pixel", () => {
    const { standardDeviation } = sampleAgreement([rising, falling], everywhere);
    expect(Array.from(standardDeviation)).toEqual([2.5, 1.5, 0.5, 0.5, 1.5, 2.5]);
  });

  it("refuses no sample, an empty footprint and samples of another size", () => {
    expect(() => sampleAgreement([], everywhere)).toThrow("at least one sample");
    expect(() => sampleAgreement([rising], new Uint8Array(6))).toThrow("footprint of the cell is empty");
    expect(() => sampleAgreement([new Float32Array(5)], everywhere)).toThrow("a sample holds 5 pixels");
  });
});

describe("cellFootprint", () => {
  it("reaches the stated number of pixels beyond the nuclear border", () => {
    expect(Array.from(cellFootprint(Float32Array.of(10, 1, -1, -24, -24.5, -60)))).toEqual([
      1, 1, 1, 1, 0, 0,
    ]);
    expect(Array.from(cellFootprint(Float32Array.of(1, -1, -2), 1))).toEqual([1, 1, 0]);
  });
});
