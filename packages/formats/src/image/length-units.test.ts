import { describe, expect, it } from "vitest";
import { micronsOf } from "./length-units.ts";

describe("micronsOf", () => {
  it.each<[number, string, number]>([
    [0.4, "um", 0.4],
    [0.4, " \u00b5m ", 0.4],
    [0.4, "\u03bcm", 0.4],
    [0.4, "\ufffdm", 0.4],
    [400, "nm", 0.4],
    [400, "nanometer", 0.4],
    [4000, "\u00c5", 0.4],
    [4000, "angstrom", 0.4],
    [4e-4, "Millimeter", 0.4],
    [4e-5, "cm", 0.4],
    [4e-7, "meter", 0.4],
    [1, "inch", 25_400],
  ])("takes %f %s for %f micrometres", (value, unit, microns) => {
    expect(micronsOf(value, unit)).toBeCloseTo(microns, 10);
  });

  it.each<[number | undefined, string]>([
    [undefined, "um"],
    [0, "um"],
    [-1, "um"],
    [Number.NaN, "um"],
    [Number.POSITIVE_INFINITY, "um"],
    [1, "pixel"],
    [1, "second"],
    [1, ""],
    [1, "constructor"],
  ])("knows no length in %s %s", (value, unit) => {
    expect(micronsOf(value, unit)).toBeUndefined();
  });
});
