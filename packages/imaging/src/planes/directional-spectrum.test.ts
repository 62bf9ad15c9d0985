import { describe, expect, it } from "vitest";
import { directionalSpectrum, strongestDirection } from "./directional-spectrum.ts";

const side = 48;
/** A wave of fx, fy cycles per pixel, about a half. */
const wave = (fx: number, fy: number) =>
  Float32Array.from(
    { length: side * side },
    (_, i) => 0.5 + 0.3 * Math.cos(2 * Math.PI * (fx * (i % side) + fy * Math.floor(i / side))),
  );
/** White noise of unit deviation, by sums of twelve uniform numbers of a small generator (mulberry32). */
function noise(seed: number): Float32Array {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
  return Float32Array.from({ length: side * side }, normal);
}
const peakOf = (plane: Float32Array) => {
  const spectrum = directionalSpectrum(plane, side);
  const largest = spectrum.indexOf(Math.max(...spectrum));
  return { band: Math.floor(largest / 8), direction: largest % 8 };
};

describe("directionalSpectrum", () => {
  it.each([
    ["along x", 0.25, 0, 2, 0],
    ["along y", 0, 0.25, 2, 4],
    ["along a diagonal", 0.3, 0.3, 4, 2],
    ["along the other diagonal", 0.3, -0.3, 4, 6],
    ["coarse", 0.06, 0.02, 0, 1],
  ])("finds a wave %s", (_, fx, fy, band, direction) => {
    expect(peakOf(wave(fx, fy))).toEqual({ band, direction });
  });

  it("sees the same wave whichever way it runs", () => {
    const [one, other] = [
      directionalSpectrum(wave(0.3, 0.1), side),
      directionalSpectrum(wave(-0.3, -0.1), side),
    ];
    for (const [i, power] of one.entries()) expect(power).toBeCloseTo(other[i]!, 8);
  });

  it("is level for white noise", () => {
    const mean = new Float64Array(40);
    for (let seed = 0; seed < 30; seed++)
      for (const [i, power] of directionalSpectrum(noise(seed), side).entries()) mean[i]! += power / 30;
    const fine = mean.subarray(16);
    expect(Math.max(...fine) / Math.min(...fine)).toBeLessThan(1.4);
  });

  it("takes no cut border for detail", () => {
    const ramp = Float32Array.from({ length: side * side }, (_, i) => (i % side) / side);
    const spectrum = directionalSpectrum(ramp, side);
    const fine = spectrum.subarray(16);
    expect(Math.max(...fine) / Math.max(...spectrum)).toBeLessThan(1e-4);
  });

  it("scales with the square of the amplitude and knows no mean", () => {
    const plane = noise(1);
    const one = directionalSpectrum(plane, side);
    const other = directionalSpectrum(
      plane.map((value) => 3 * value + 7),
      side,
    );
    for (const [i, power] of one.entries()) expect(other[i]! / power).toBeCloseTo(9, 3);
  });
});

describe("strongestDirection", () => {
  it("names the band and direction of a pattern in noise, by its multiple of the neighbours", () => {
    const plane = noise(2).map((value, i) => value + 4 * (wave(0.33, 0.33)[i]! - 0.5));
    const peak = strongestDirection(directionalSpectrum(plane, side), 8);
    expect(peak).toMatchObject({ band: 4, direction: 2 });
    expect(peak.ratio).toBeGreaterThan(4);
  });

  it("leaves coarse bands out where it is told to, and closes the circle", () => {
    const spectrum = Float64Array.of(9, 1, 1, 1, /* next band */ 1, 1, 1, 5);
    expect(strongestDirection(spectrum, 4)).toEqual({ band: 0, direction: 0, ratio: 9 });
    expect(strongestDirection(spectrum, 4, 1)).toEqual({ band: 1, direction: 3, ratio: 5 });
  });
});
