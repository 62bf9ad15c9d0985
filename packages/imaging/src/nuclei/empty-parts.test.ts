import { describe, expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { cropNuclei } from "./crop-nuclei.ts";
import { findEmptyParts } from "./empty-parts.ts";

const size = { height: 300, width: 360 };
const pixelSizeMicrons = 0.4126;
const discs = [
  { x: 60, y: 60, radius: 17, brightness: 1000 },
  { x: 150, y: 70, radius: 17, brightness: 700 },
  { x: 70, y: 150, radius: 17, brightness: 900 },
];
const field = fieldOfDiscs(size, discs);

/** The field with `value` wherever no tile lies; a tile covers [left, top, right, bottom). */
function mosaic(
  tiles: readonly (readonly [left: number, top: number, right: number, bottom: number])[],
  value = 0,
): Float32Array {
  return field.map((shown, pixel) => {
    const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
    const covers = tiles.some(
      ([left, top, right, bottom]) => x >= left && x < right && y >= top && y < bottom,
    );
    return covers ? shown : value;
  });
}

const isEmpty = (parts: Uint8Array | undefined, x: number, y: number) => parts?.[y * size.width + x];
const shareOf = (parts: Uint8Array) => parts.reduce((sum, value) => sum + value, 0) / parts.length;

describe("findEmptyParts", () => {
  it.each<[string, Parameters<typeof mosaic>, number]>([
    ["beside one tile", [[[0, 0, 200, 200]]], 1 - (200 * 200) / (300 * 360)],
    ["around a field", [[[20, 20, 330, 250]]], 1 - (310 * 230) / (300 * 360)],
    [
      "between tiles that stand apart",
      [
        [
          [0, 0, 200, 100],
          [0, 110, 200, 210],
        ],
      ],
      1 - 40_000 / 108_000,
    ],
    [
      "in steps, where tiles are shifted",
      [
        [
          [0, 0, 180, 100],
          [24, 100, 204, 200],
        ],
      ],
      1 - 36_000 / 108_000,
    ],
    ["of another value than 0", [[[0, 0, 200, 200]], -32_768], 1 - 40_000 / 108_000],
  ])("finds what no tile covers: %s", (_, tiles, share) => {
    const parts = findEmptyParts(mosaic(...tiles), size, pixelSizeMicrons)!;
    expect(shareOf(parts)).toBeCloseTo(share, 9);
    expect(isEmpty(parts, 359, 299)).toBe(1);
    expect(isEmpty(parts, 60, 60)).toBe(0);
  });

  it("finds nothing in a field as a camera gives it", () => {
    expect(findEmptyParts(field, size, pixelSizeMicrons)).toBeUndefined();
    expect(findEmptyParts(new Float32Array(108_000), size, pixelSizeMicrons)).toBeUndefined();
  });

  it.each([0.1, 0.2, 0.4126, 0.8, 1.5])(
    "spares background that was clipped to the lowest value, at %f um per pixel",
    (pixelSize) => {
      const [radius, apart] = [7 / pixelSize, 24 / pixelSize];
      const many = Array.from({ length: 6 }, (_, i) => ({
        ...{ x: apart * (0.7 + (i % 3)), y: apart * (0.7 + Math.floor(i / 3)), radius, brightness: 1000 },
      }));
      const plane = { height: Math.round(2.4 * apart), width: Math.round(3.4 * apart) };
      const clipped = fieldOfDiscs(plane, many).map((value) => Math.max(0, value - 150));
      expect(clipped.filter((value) => value === 0).length).toBeGreaterThan(0.5 * clipped.length);
      expect(findEmptyParts(clipped, plane, pixelSize)).toBeUndefined();
    },
  );

  it("spares what is small: dead pixels and short lines of them", () => {
    const broken = field.slice();
    for (const pixel of [5000, 5001, 5360, 9000]) broken[pixel] = 0;
    for (let x = 0; x < 100; x++) broken[200 * size.width + x] = 0; // 17 square micrometres
    expect(findEmptyParts(broken, size, pixelSizeMicrons)).toBeUndefined();
  });

  it("spares dead rows and columns of a camera", () => {
    const striped = field.map((value, pixel) => (pixel % size.width === 60 ? 0 : value));
    for (let pixel = 70 * size.width; pixel < 72 * size.width; pixel++) striped[pixel] = 0;
    expect(findEmptyParts(striped, size, pixelSizeMicrons)).toBeUndefined();
  });

  it("takes the empty part alone where background is clipped too", () => {
    const both = mosaic([[0, 0, 200, 200]], -1).map((value) =>
      value < 0 ? value : Math.max(0, value - 150),
    );
    const parts = findEmptyParts(both, size, pixelSizeMicrons)!;
    expect(shareOf(parts)).toBeCloseTo(1 - 40_000 / 108_000, 9);
  });
});

describe("cropNuclei of a mosaic", () => {
  const options = { ...size, pixelSizeMicrons };
  const whole = cropNuclei(field, options);

  it.each<[string, Parameters<typeof mosaic>]>([
    ["beside a tile", [[[0, 0, 200, 200]]]],
    ["around a field", [[[20, 20, 330, 250]]]],
    ["of another value", [[[0, 0, 200, 200]], 60]],
  ])("gives the nuclei and the contrast of the field without its empty part: %s", (_, tiles) => {
    const { crops, limits, emptyFraction } = cropNuclei(mosaic(...tiles), options);
    expect(crops.map(({ centralNucleus }) => centralNucleus.areaPixels)).toEqual(
      whole.crops.map(({ centralNucleus }) => centralNucleus.areaPixels),
    );
    expect(limits.low).toBeCloseTo(whole.limits.low, -1);
    expect(limits.high / whole.limits.high).toBeCloseTo(1, 2);
    expect(emptyFraction).toBeGreaterThan(0.3);
    expect(whole.emptyFraction).toBe(0);
  });

  it("does so at another pixel size too", () => {
    const fine = { height: 600, width: 720, pixelSizeMicrons: 0.2063 };
    const twice = mosaic([[0, 0, 200, 200]]);
    const large = Float32Array.from({ length: 600 * 720 }, (_, pixel) => {
      return twice[Math.floor(pixel / 1440) * size.width + Math.floor((pixel % 720) / 2)]!;
    });
    const { crops, limits } = cropNuclei(large, fine);
    expect(crops).toHaveLength(3);
    expect(limits.high / whole.limits.high).toBeCloseTo(1, 2);
  });

  it("treats nuclei that end at an empty part like those cut by the frame", () => {
    const { crops, segmentation } = cropNuclei(mosaic([[0, 0, 200, 150]]), options);
    expect(segmentation.nuclei.map(({ touchesBorder }) => touchesBorder)).toEqual([false, false, true]);
    expect(crops).toHaveLength(2);
  });
});
