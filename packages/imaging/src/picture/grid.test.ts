import { describe, expect, it } from "vitest";
import { textWidth } from "./bitmap-font.ts";
import { markSynthetic, tileImages } from "./grid.ts";
import { blankImage, type RgbImage } from "./rgb-image.ts";

const red = blankImage(60, 40, [200, 0, 0]);
const pixel = ({ width, data }: RgbImage, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));
const count = ({ data }: RgbImage, colour: readonly number[]) => {
  let found = 0;
  for (let i = 0; i < data.length; i += 3) if (colour.every((value, c) => data[i + c] === value)) found++;
  return found;
};

describe("tileImages", () => {
  it("lays out tiles with margins between them and around", () => {
    const sheet = tileImages([[{ image: red }, { image: red }], [{ image: red }]], { marginPixels: 5 });
    expect([sheet.width, sheet.height]).toEqual([5 + 60 + 5 + 60 + 5, 5 + 40 + 5 + 40 + 5]);
    expect(count(sheet, [200, 0, 0])).toBe(3 * 60 * 40);
    expect(pixel(sheet, 5, 5)).toEqual([200, 0, 0]);
    expect(pixel(sheet, 4, 5)).toEqual([0, 0, 0]);
    expect(pixel(sheet, 70, 50)).toEqual([0, 0, 0]);
  });

  it("makes room for a label above the row and keeps all of the tile", () => {
    const sheet = tileImages([[{ image: red, label: "LMNB1" }]], {
      marginPixels: 2,
      textColour: [0, 255, 0],
    });
    expect(sheet.height).toBe(2 + 10 + 40 + 2);
    expect(count(sheet, [200, 0, 0])).toBe(60 * 40);
    expect(count(sheet, [0, 255, 0])).toBeGreaterThan(40);
  });

  it("cuts a label that is wider than its tile", () => {
    const sheet = tileImages([[{ image: red, label: "a label far too long for the tile" }]], {
      textColour: [0, 255, 0],
    });
    expect(textWidth("a label far too long for the tile")).toBeGreaterThan(60);
    for (let y = 0; y < sheet.height; y++) {
      for (let x = 6 + 60; x < sheet.width; x++) expect(pixel(sheet, x, y)).toEqual([0, 0, 0]);
    }
  });

  it("leaves gaps for missing tiles and enlarges by whole pixels", () => {
    const sheet = tileImages([[null, { image: red }]], { marginPixels: 0, scale: 3 });
    expect([sheet.width, sheet.height]).toEqual([180, 120]);
    const wide = tileImages([[null, { image: red }], [{ image: red }]], { marginPixels: 0 });
    expect(pixel(wide, 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(wide, 60, 0)).toEqual([200, 0, 0]);
    expect(pixel(wide, 0, 40)).toEqual([200, 0, 0]);
  });

  it("gives an empty sheet for no tiles", () => {
    expect(tileImages([]).data.length).toBe(6 * 6 * 3);
  });
});

describe("SYNTHETIC", () => {
  it("stands in the lower left corner of the tiles that are", () => {
    const sheet = tileImages([[{ image: red, synthetic: true }, { image: red }]], { marginPixels: 0 });
    let left = 0;
    let right = 0;
    for (let y = 30; y < 40; y++) {
      for (let x = 0; x < 60; x++) {
        if (pixel(sheet, x, y)[1] === 255) left++;
        if (pixel(sheet, x + 60, y)[1] === 255) right++;
      }
    }
    expect(left).toBeGreaterThan(100);
    expect(right).toBe(0);
  });

  it("is written on a copy", () => {
    markSynthetic(red);
    expect(count(red, [200, 0, 0])).toBe(60 * 40);
  });
});
