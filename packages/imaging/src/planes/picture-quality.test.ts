import { describe, expect, it } from "vitest";
import {
  medianOverlap,
  multiScaleSimilarity,
  planeCorrelation,
  radialSpectrum,
  signalToNoise,
  structuralSimilarity,
  tiledSpectrum,
} from "./picture-quality.ts";

const side = 48;
/** Uniform numbers in [0, 1) from a linear congruential generator (Numerical Recipes), another row for every name. */
const noise = (name: string) => {
  let state = [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 1);
  return Float32Array.from({ length: side * side }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
};
const wave = (cycles: number) =>
  Float64Array.from(
    { length: side * side },
    (_, i) => 0.5 + 0.4 * Math.sin((2 * Math.PI * cycles * (i % side)) / side),
  );
const blend = (a: ArrayLike<number>, b: ArrayLike<number>, share: number) =>
  Float64Array.from(a, (value, i) => (1 - share) * value + share * b[i]!);

describe("signal to noise", () => {
  it("is 20 dB for errors of a tenth, and bounded for none", () => {
    expect(signalToNoise([0.1, 0.9], [0, 1])).toBeCloseTo(20, 6);
    expect(signalToNoise([0.5], [0.5])).toBeCloseTo(100, 6);
  });
});

describe.each([
  ["structural similarity", structuralSimilarity],
  ["multi-scale similarity", multiScaleSimilarity],
])("%s", (_, similarity) => {
  it("is 1 for the same image and falls with what is mixed in", () => {
    const image = wave(4);
    expect(similarity(image, image, side)).toBeCloseTo(1, 12);
    const mixed = [0.1, 0.3, 0.6].map((share) => similarity(blend(image, noise("a"), share), image, side));
    expect(mixed[0]! < 1 && mixed[0]! > mixed[1]! && mixed[1]! > mixed[2]! && mixed[2]! > 0).toBe(true);
  });

  it("has no value where no window fits", () => {
    expect(similarity(new Float64Array(100), new Float64Array(100), 10)).toBeNaN();
  });
});

it("structural similarity of two flat images is that of their brightness", () => {
  const flat = (value: number) => new Float64Array(11 * 11).fill(value);
  const expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2 ** 2 + 0.6 ** 2 + 1e-4);
  expect(structuralSimilarity(flat(0.2), flat(0.6), 11)).toBeCloseTo(expected, 9);
});

describe("the overlap of brighter halves", () => {
  it("is 1 for the same, 0 for opposite and about a third for independent images", () => {
    expect(medianOverlap([0, 1, 2, 3], [0, 1, 2, 9])).toBe(1);
    expect(medianOverlap([0, 1, 2, 3], [3, 2, 1, 0])).toBe(0);
    expect(medianOverlap(noise("a"), noise("b"))).toBeCloseTo(1 / 3, 1);
  });
});

describe("the radial spectrum", () => {
  it("has the power of a wave in the band of its frequency", () => {
    // 0.4 sin: a variance of 0.08 per pixel. Bands are 0.1 cycles per pixel wide: 4.8 of 48.
    for (const [cycles, band] of [
      [2, 0],
      [7, 1],
      [22, 4],
    ] as const) {
      const power = radialSpectrum(wave(cycles), side);
      expect(power[band]).toBeCloseTo(0.08 * side ** 2, 6);
      expect(power.reduce((sum, value) => sum + value, 0)).toBeCloseTo(power[band]!, 6);
    }
  });

  it("leaves out the mean", () => {
    expect(Math.max(...radialSpectrum(new Float64Array(side * side).fill(0.7), side))).toBeLessThan(1e-9);
  });
});

describe("images that are no squares", () => {
  const [height, width] = [30, 48];
  const rows = (plane: ArrayLike<number>) => Float64Array.from(plane).subarray(0, height * width);
  const [image, other] = [rows(wave(4)), rows(noise("other"))];
  const turn = (plane: Float64Array) =>
    Float64Array.from({ length: plane.length }, (_, i) => {
      return plane[(i % height) * width + Math.floor(i / height)]!;
    });

  it.each([
    ["SSIM", structuralSimilarity],
    ["MS-SSIM", multiScaleSimilarity],
  ])("have the same %s when they are turned", (_, similarity) => {
    expect(similarity(image, image, width, height)).toBeCloseTo(1, 12);
    const upright = similarity(image, other, width, height);
    expect(upright).toBeLessThan(0.5);
    expect(similarity(turn(image), turn(other), height, width)).toBeCloseTo(upright, 10);
  });

  it("have a spectrum per pixel that does not depend on how many squares they hold", () => {
    const square = wave(4);
    const once = tiledSpectrum(square, { height: side, width: side }, 8);
    expect(once).toEqual(radialSpectrum(square, side, 8).map((power) => power / side ** 2));
    const wide = { height: side, width: 3 * side };
    const tripled = Float64Array.from({ length: 3 * side * side }, (_, i) => {
      return square[Math.floor(i / wide.width) * side + (i % side)]!;
    });
    for (const [band, power] of tiledSpectrum(tripled, wide, 8).entries())
      expect(power).toBeCloseTo(once[band]!, 12);
  });
});

describe("the correlation of planes", () => {
  it("is that of Pearson, whatever the scale", () => {
    expect(planeCorrelation([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 12);
    expect(planeCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
    expect(planeCorrelation([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(0, 12);
    expect(planeCorrelation([1, 1], [0, 1])).toBeNaN();
  });
});
