import { describe, expect, it } from "vitest";
import { cyclesOf, powerSpectrum } from "./power-spectrum.ts";

const waveOf = (side: number, u: number, v: number) =>
  Float64Array.from({ length: side * side }, (_, i) =>
    Math.cos((2 * Math.PI * (u * (i % side) + v * Math.floor(i / side))) / side),
  );

describe("the power spectrum", () => {
  it.each([8, 9, 10])("of a wave is at its frequency and at the opposite one, side %i", (side) => {
    const power = powerSpectrum(waveOf(side, 2, 1), side);
    const found = [...power.entries()].filter(([, value]) => value > 1e-9).map(([i]) => i);
    expect(found).toEqual([side + 2, (side - 1) * side + side - 2]);
    expect(power[side + 2]).toBeCloseTo(side ** 2 / 4, 9);
  });

  it.each([7, 16])("sums to the sum of squares, and is that of the turned image turned, side %i", (side) => {
    const plane = Float64Array.from({ length: side * side }, (_, i) => ((i * 7919) % 101) / 101);
    const power = powerSpectrum(plane, side);
    const squares = plane.reduce((sum, value) => sum + value ** 2, 0);
    expect(power.reduce((sum, value) => sum + value, 0)).toBeCloseTo(squares, 6);
    const turned = plane.map((_, i) => plane[(i % side) * side + Math.floor(i / side)]!);
    const ofTurned = powerSpectrum(turned, side);
    for (let v = 0; v < side; v++)
      for (let u = 0; u < side; u++) expect(ofTurned[v * side + u]).toBeCloseTo(power[u * side + v]!, 6);
  });

  it("names frequencies from 0 up to a half and then from below", () => {
    expect([0, 1, 4, 5, 7].map((index) => cyclesOf(index, 8))).toEqual([0, 1, 4, -3, -1]);
  });
});
