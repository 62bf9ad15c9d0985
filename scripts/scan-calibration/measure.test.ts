import { createGenerator } from "@proteoscope/engine";
import { type PlantedSignal, phenotypeOf } from "@proteoscope/lab";
import type { ScanResult } from "@proteoscope/microscope/experiments";
import { describe, expect, it } from "vitest";
import { decidingSignal, fraction, kolmogorovSmirnov, rankSignal } from "./measure.ts";

describe("the test of Kolmogorov and Smirnov", () => {
  it("passes uniform values and refuses others", () => {
    const values = [...createGenerator(1, "uniform").uniform(500)];
    expect(kolmogorovSmirnov(values).p).toBeGreaterThan(0.01);
    expect(kolmogorovSmirnov(values.map((value) => value ** 1.5)).p).toBeLessThan(0.001);
  });

  it("has the distance of its definition, and its critical value", () => {
    expect(kolmogorovSmirnov([0.5]).distance).toBe(0.5);
    const shifted = Array.from({ length: 1000 }, (_, index) => Math.min(1, (index + 0.5) / 1000 + 0.043));
    expect(kolmogorovSmirnov(shifted).p).toBeCloseTo(0.05, 1); // 1.358 / sqrt(1000) = 0.043
  });
});

describe("a fraction", () => {
  it("has Wilson's interval", () => {
    const { value, low, high } = fraction(5, 100);
    expect(value).toBe(0.05);
    expect(low).toBeCloseTo(0.0215, 3);
    expect(high).toBeCloseTo(0.1118, 3);
  });
});

describe("the rank of a signal", () => {
  const scan = (effects: Readonly<Record<number, number>>) =>
    ({
      windows: Object.entries(effects).map(([first, effect]) => ({
        first: +first,
        last: +first + 9,
        effect,
      })),
    }) as unknown as ScanResult;

  it("counts peaks, not windows that overlap a larger one", () => {
    expect(rankSignal(scan({ 1: 5, 6: 4, 30: 3 }), 31, 34).rank).toBe(2);
    expect(rankSignal(scan({ 1: 5, 6: 4, 30: 9 }), 31, 34).rank).toBe(1);
  });

  it("is none where another peak hides it", () => {
    const { rank, window } = rankSignal(scan({ 1: 5, 6: 4 }), 12, 15);
    expect([rank, window.first]).toEqual([null, 6]);
  });
});

describe("the deciding signal", () => {
  const sequence = "M".repeat(200);
  const signal = (name: PlantedSignal["name"], strength: number): PlantedSignal => ({
    ...{ name, strength, begin: 10, end: 20 },
  });
  const deciding = (signals: readonly PlantedSignal[]) =>
    decidingSignal(signals, (left) => phenotypeOf(sequence, left).mixture);

  it("is the one whose loss moves most of the protein by the rule", () => {
    const [weak, strong] = [signal("nls", 0.3), signal("presequence", 1)];
    expect(deciding([weak, strong])).toBe(strong);
    expect(deciding([strong, weak])).toBe(strong);
  });

  it("is none where nothing is planted, or where too little depends on it", () => {
    expect(deciding([])).toBeUndefined();
    expect(deciding([signal("nls", 0.1)])).toBeUndefined();
  });
});
