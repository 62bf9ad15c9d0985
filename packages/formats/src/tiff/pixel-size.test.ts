import { describe, expect, it } from "vitest";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { findPixelSize } from "./pixel-size.ts";

const ome = (attributes: string) =>
  `<?xml version="1.0"?><OME xmlns="x"><Image ID="Image:0"><Pixels DimensionOrder="XYCZT" SizeC="1" SizeZ="1" SizeT="1" ${attributes}/></Image></OME>`;

describe("findPixelSize", () => {
  it("takes what OME-XML says, and nothing else where it says nothing", () => {
    const found = (attributes: string) =>
      findPixelSize({ description: ome(attributes), pixelsPerUnit: 300, unit: 2 });
    expect(found('PhysicalSizeX="0.208"')).toBe(0.208);
    expect(found("")).toBeUndefined();
  });

  it.each<[string, string, number, number | undefined]>([
    ["micron", "unit=micron", 5, 0.2],
    ["um", "unit=um", 5, 0.2],
    ["the escaped micro sign", "unit=\\u00B5m", 5, 0.2],
    ["nm", "unit=nm", 0.005, 0.2],
    ["pixels", "unit=pixel", 5, undefined],
    ["no unit", "", 5, undefined],
    ["no resolution", "unit=micron", 0, undefined],
  ])("reads ImageJ's properties with %s", (_, line, pixelsPerUnit, expected) => {
    const found = findPixelSize({
      description: `ImageJ=1.54f\nimages=1\n${line}\nloop=false\n`,
      pixelsPerUnit,
      unit: 1,
    });
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(expected, 10);
  });

  it("reads TIFF's resolution per centimetre and per inch", () => {
    expect(findPixelSize({ pixelsPerUnit: 50_000, unit: 3 })).toBeCloseTo(0.2, 10);
    expect(findPixelSize({ pixelsPerUnit: 127_000, unit: 2 })).toBeCloseTo(0.2, 10);
    expect(findPixelSize({ pixelsPerUnit: 127_000 })).toBeCloseTo(0.2, 10);
  });

  it("takes no printer's resolution, no unit and no nonsense for a pixel size", () => {
    for (const pixelsPerUnit of [72, 96, 300, 600, 0, Number.NaN]) {
      expect(findPixelSize({ pixelsPerUnit, unit: 2 })).toBeUndefined();
    }
    expect(findPixelSize({ pixelsPerUnit: 50_000, unit: 1 })).toBeUndefined();
    expect(findPixelSize({})).toBeUndefined();
  });

  it("reads a long hostile description at once", () => {
    const start = cpuTimeMs();
    expect(
      findPixelSize({ description: `ImageJ=1\n${"unit=".repeat(100_000)}`, pixelsPerUnit: 5 }),
    ).toBeUndefined();
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });
});
