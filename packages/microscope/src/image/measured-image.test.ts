import { type NdArray, openImage, writeOmeTiff, writePng } from "@proteoscope/formats";
import { fieldOfDiscs } from "@proteoscope/imaging/testing";
import { describe, expect, it } from "vitest";
import { tinyShape } from "../testing/tiny-model.ts";
import { cellsOfImage, readMeasuredImage } from "./measured-image.ts";

const { constants } = tinyShape;
const size = { height: 80, width: 100 };
const area = size.height * size.width;
const protein = Float32Array.from({ length: area }, (_, i) => (i % 50) / 50);
const stain = fieldOfDiscs(size, [
  { x: 30, y: 40, radius: 7, brightness: 900 },
  { x: 70, y: 40, radius: 7, brightness: 900 },
]).map((value) => value / 1100);
const stackOf = (channelNames: readonly string[], planes: readonly Float32Array[] = [protein, stain]) => {
  const data = new Float32Array(planes.length * area);
  for (const [index, plane] of planes.entries()) data.set(plane, index * area);
  const array: NdArray = { dtype: "float32", shape: [planes.length, size.height, size.width], data };
  return openImage(writeOmeTiff({ data: array, channelNames, pixelSizeMicrons: 1 }));
};

describe("readMeasuredImage", () => {
  it("finds the channels by their names, whatever their order", async () => {
    const image = await readMeasuredImage(await stackOf(["DAPI", "my protein"], [stain, protein]));
    expect(image.protein).toEqual(protein);
    expect(image.nucleus).toEqual(stain);
    expect(image).toMatchObject({ ...size, pixelSizeMicrons: 1 });
  });

  it("takes the channels that are named, and asks where nothing says which", async () => {
    const image = await readMeasuredImage(await stackOf(["a", "b"]), { proteinChannel: 1 });
    expect(image.protein).toEqual(stain);
    expect(image.nucleus).toBeUndefined();
    await expect(stackOf(["a", "b"]).then((stack) => readMeasuredImage(stack))).rejects.toMatchObject({
      ...{ kind: "data", field: "proteinChannel" },
      message: expect.stringContaining("channels 0 (a) and 1 (b)"),
    });
  });

  it("scales whole numbers by the range of their type, or planes by percentiles", async () => {
    const data = Uint16Array.from({ length: 100 }, (_, i) => 1000 + i);
    const stack = await openImage(writePng({ width: 10, height: 10, channels: 1, depth: 16, data }));
    const image = await readMeasuredImage(stack);
    expect(image.protein[99]).toBeCloseTo(1099 / 65535, 6);
    const scaled = await readMeasuredImage(stack, { scaling: "percentiles" });
    expect([Math.min(...scaled.protein), Math.max(...scaled.protein)]).toEqual([0, 1]);
  });

  it("refuses floats outside 0 to 1, and what is no number", async () => {
    const bright = await stackOf(["protein"], [protein.map((value) => 3 * value)]);
    await expect(readMeasuredImage(bright)).rejects.toMatchObject({ field: "scaling" });
    expect((await readMeasuredImage(bright, { scaling: "percentiles" })).protein[49]).toBeCloseTo(1, 2);
    const broken = await stackOf(["protein"], [protein.with(7, Number.NaN)]);
    await expect(readMeasuredImage(broken)).rejects.toThrow("pixel 7 is NaN");
  });
});

describe("cellsOfImage", () => {
  const image = { ...size, protein, nucleus: stain, pixelSizeMicrons: 1 };

  it("cuts the protein where it cuts the nuclei, with their distance", () => {
    const cells = cellsOfImage(image, constants);
    expect(cells).toHaveLength(2);
    for (const { planes, origin } of cells) {
      expect(planes).toHaveLength(3 * 40 * 40);
      for (const pixel of [0, 777, 1599]) {
        const at = (origin.y + Math.floor(pixel / 40)) * size.width + origin.x + (pixel % 40);
        expect(planes[pixel]).toBe(protein[at]);
      }
      expect(planes[2 * 1600 + 20 * 40 + 20]).toBeGreaterThan(3);
      expect(planes[2 * 1600]).toBeLessThan(0);
    }
    expect(cellsOfImage(image, constants, 1)).toHaveLength(1);
  });

  it("takes an image of the crop's size as one cell with its own contrast", () => {
    const small = { height: 40, width: 40 };
    const nucleus = fieldOfDiscs(small, [
      { x: 10, y: 12, radius: 6, brightness: 900 },
      { x: 28, y: 27, radius: 6, brightness: 700 },
    ]).map((value) => value / 2000);
    const plane = protein.slice(0, 1600);
    const cells = cellsOfImage({ ...small, protein: plane, nucleus, pixelSizeMicrons: 1 }, constants);
    expect(cells).toHaveLength(1);
    expect(cells[0]!.planes.slice(0, 1600)).toEqual(plane);
    expect(cells[0]!.planes.slice(1600, 3200)).toEqual(nucleus);
  });

  it("finds none without nuclei or the size of a pixel", () => {
    expect(cellsOfImage({ ...image, nucleus: undefined }, constants)).toEqual([]);
    expect(cellsOfImage({ ...image, pixelSizeMicrons: undefined }, constants)).toEqual([]);
    expect(cellsOfImage({ ...image, nucleus: new Float32Array(area) }, constants)).toEqual([]);
  });
});
