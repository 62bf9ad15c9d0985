import { describe, expect, it } from "vitest";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { findPixelSize } from "./pixel-size.ts";

const ome = (attributes: string) =>
  `<?xml version="1.0"?><OME xmlns="x"><Image ID="Image:0"><Pixels ID="Pixels:0" ${attributes} SizeX="4"></Pixels></Image></OME>`;

describe("findPixelSize", () => {
  it.each<[string, string, number | undefined]>([
    ["no unit, which means micrometres", 'PhysicalSizeX="0.208"', 0.208],
    ["the micro sign", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u00b5m"', 0.5],
    ["the Greek mu", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="\u03bcm"', 0.5],
    ["a character reference", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#181;m"', 0.5],
    ["a hexadecimal reference", 'PhysicalSizeX="0.5" PhysicalSizeXUnit="&#xB5;m"', 0.5],
    ["nanometres", 'PhysicalSizeX="208" PhysicalSizeXUnit="nm"', 0.208],
    ["millimetres", 'PhysicalSizeX="0.001" PhysicalSizeXUnit="mm"', 1],
    ["Angstrom", 'PhysicalSizeX="2000" PhysicalSizeXUnit="\u00c5"', 0.2],
    ["single quotes", "PhysicalSizeX='0.3'", 0.3],
    ["pixels, which are no length", 'PhysicalSizeX="1" PhysicalSizeXUnit="pixel"', undefined],
    ["zero", 'PhysicalSizeX="0"', undefined],
    ["a word", 'PhysicalSizeX="small"', undefined],
    ["nothing", "", undefined],
  ])("reads OME-XML with %s", (_, attributes, expected) => {
    const found = findPixelSize({ description: ome(attributes), pixelsPerUnit: 300, unit: 2 });
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(expected, 10);
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

  it.each([
    `<OME ${"<Pixels ".repeat(100_000)}`,
    `<OME <Pixels ${" PhysicalSizeX = ' ".repeat(50_000)}`,
    `<OME ${"<a".repeat(300_000)}`,
    `ImageJ=1\n${"unit=".repeat(100_000)}`,
  ])("reads a long hostile description at once", (description) => {
    const start = cpuTimeMs();
    findPixelSize({ description, pixelsPerUnit: 5 });
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });
});
