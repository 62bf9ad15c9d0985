import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptPerSide, openDctLowPass } from "./dct-low-pass.ts";
import { signalToNoise } from "./picture-quality.ts";

const side = 16;
/** A cosine of the DCT along x, about a half. */
const wave = (frequency: number, amplitude = 0.4) =>
  Float32Array.from(
    { length: side * side },
    (_, i) => 0.5 + amplitude * Math.cos((Math.PI * (2 * (i % side) + 1) * frequency) / (2 * side)),
  );
const planes = fc
  .array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: side * side, maxLength: side * side })
  .map((values) => Float32Array.from(values));

describe("openDctLowPass", () => {
  it("passes the frequencies that it keeps and stops the first that it does not", () => {
    const filter = openDctLowPass(side, 5);
    expect(signalToNoise(filter(wave(4)), wave(4))).toBeGreaterThan(90);
    for (const value of filter(wave(5))) expect(value).toBeCloseTo(0.5, 5);
  });

  it("treats both axes alike", () => {
    const filter = openDctLowPass(side, 7);
    const turn = (plane: Float32Array) =>
      plane.map((_, i) => plane[(i % side) * side + Math.floor(i / side)]!);
    fc.assert(
      fc.property(planes, (plane) => {
        const [once, other] = [filter(plane), turn(filter(turn(plane)))];
        for (const [i, value] of once.entries()) expect(value).toBeCloseTo(other[i]!, 6);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps an image whole when it keeps all coefficients, and its mean when it keeps one", () => {
    fc.assert(
      fc.property(planes, (plane) => {
        const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
        for (const [i, value] of openDctLowPass(side, side)(plane).entries())
          expect(value).toBeCloseTo(plane[i]!, 5);
        for (const value of openDctLowPass(side, 1)(plane)) expect(value).toBeCloseTo(mean, 5);
      }),
      { numRuns: 20 },
    );
  });

  it("gives a value that never gets farther from an image the more it keeps", () => {
    fc.assert(
      fc.property(planes, fc.integer({ min: 1, max: side - 1 }), (plane, kept) => {
        const quality = (count: number) => signalToNoise(openDctLowPass(side, count)(plane), plane);
        expect(quality(kept + 1)).toBeGreaterThan(quality(kept) - 0.5); // the limits of [0, 1] may cost a little
      }),
      { numRuns: 50 },
    );
  });

  it("stays within [0, 1] at a sharp edge, where cosines overshoot", () => {
    const edge = Float32Array.from({ length: side * side }, (_, i) => (i % side < 8 ? 0 : 1));
    const filtered = openDctLowPass(side, 6)(edge);
    expect(Math.min(...filtered)).toBe(0);
    expect(Math.max(...filtered)).toBe(1);
  });

  it("refuses to keep what a plane does not have", () => {
    expect(() => openDctLowPass(side, 17)).toThrow("keep 1 to 16");
    expect(() => openDctLowPass(side, 0)).toThrow("keep 1 to 16");
  });
});

describe("keptPerSide", () => {
  it("is 35 for four latent channels of 25x25 and an image of two channels, 50 for eight", () => {
    expect(keptPerSide(4 * 625, 2)).toBe(35);
    expect(keptPerSide(8 * 625, 2)).toBe(50);
  });
});
