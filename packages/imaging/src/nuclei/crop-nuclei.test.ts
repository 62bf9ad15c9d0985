import { describe, expect, it } from "vitest";
import { nuclearDistance } from "../planes/nuclear-distance.ts";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { cropNuclei } from "./crop-nuclei.ts";

const size = { height: 220, width: 260, pixelSizeMicrons: 0.4126 };
const field = fieldOfDiscs(size, [
  { x: 120, y: 70, radius: 17, brightness: 1000 },
  { x: 30, y: 40, radius: 17, brightness: 600 },
  { x: 150, y: 110, radius: 17, brightness: 800 },
  { x: 259, y: 180, radius: 17, brightness: 800 },
]);

describe("cropNuclei", () => {
  const { crops, segmentation, limits, fieldSize } = cropNuclei(field, size);

  it("makes one crop for every whole nucleus, none for the one cut by the frame", () => {
    expect(segmentation.nuclei.length).toBe(4);
    expect(crops.length).toBe(3);
    expect(fieldSize).toEqual({ height: 220, width: 260 });
  });

  it("centres the crop on its nucleus", () => {
    const crop = crops.find(({ centralNucleus }) => Math.abs(centralNucleus.centre.x - 120) < 2)!;
    expect(crop.origin.x).toBeCloseTo(70.5, -0.5);
    expect(crop.origin.y).toBeCloseTo(20.5, -0.5);
    expect(crop.labels[50 * 100 + 50]).toBe(crop.label);
    expect(crop.padding).toEqual({ left: 0, top: 0, right: 0, bottom: 0 });
  });

  it("moves the crop of a nucleus near the edge to stay inside the field", () => {
    const crop = crops.find(({ centralNucleus }) => Math.abs(centralNucleus.centre.x - 30) < 2)!;
    expect(crop.origin).toEqual({ x: 0, y: 0 });
    expect(crop.labels[40 * 100 + 30]).toBe(crop.label);
  });

  it("shows all nuclei of the crop in the mask, and the distance to any of them", () => {
    const crop = crops.find(({ centralNucleus }) => Math.abs(centralNucleus.centre.x - 120) < 2)!;
    expect(crop.mask[(105 - crop.origin.y) * 100 + 145 - crop.origin.x]).toBe(1);
    expect(new Set(crop.labels.filter((label) => label > 0)).size).toBe(2);
    expect(crop.distance).toEqual(nuclearDistance(crop.mask, { height: 100, width: 100 }));
    expect(Math.max(...crop.distance)).toBeGreaterThan(14);
  });

  it("scales intensities by the field's percentiles, not by the crop's", () => {
    expect(limits.low).toBeGreaterThan(100);
    expect(limits.low).toBeLessThan(110);
    expect(limits.high).toBeGreaterThan(1050);
    for (const { nucleus } of crops) {
      expect(Math.min(...nucleus)).toBe(0);
      expect(Math.max(...nucleus)).toBeLessThanOrEqual(1);
    }
    const dim = crops.find(({ centralNucleus }) => Math.abs(centralNucleus.centre.x - 30) < 2)!;
    expect(dim.nucleus[40 * 100 + 30]).toBeCloseTo(0.6, 1);
  });

  it("keeps nuclei unsaturated in a field that is nearly empty", () => {
    const wide = { height: 480, width: 480, pixelSizeMicrons: 0.4126 };
    const sparse = cropNuclei(fieldOfDiscs(wide, [{ x: 300, y: 300, radius: 11, brightness: 500 }]), wide);
    expect(sparse.crops.length).toBe(1);
    expect(sparse.limits.high).toBeGreaterThan(500);
  });
});

describe("cropNuclei at other sizes", () => {
  it("brings a field of smaller pixels to the model's pixel size", () => {
    const fine = { height: 480, width: 480, pixelSizeMicrons: 0.2063 };
    const disc = { x: 240, y: 240, radius: 36, brightness: 1000 };
    const { crops, fieldSize, pixelSizeMicrons } = cropNuclei(fieldOfDiscs(fine, [disc]), fine);
    expect(fieldSize).toEqual({ height: 240, width: 240 });
    expect(pixelSizeMicrons).toBe(0.4126);
    expect(crops[0]!.centralNucleus.diameterMicrons).toBeCloseTo(72 * 0.2063, 0);
    expect(crops[0]!.centralNucleus.centre.x).toBeCloseTo(120, 0);
  });

  it("pads a field smaller than a crop with zeros and records where", () => {
    const small = { height: 60, width: 81, pixelSizeMicrons: 0.4126 };
    const disc = { x: 40, y: 30, radius: 15, brightness: 1000 };
    const { crops } = cropNuclei(fieldOfDiscs(small, [disc]), small);
    const { padding, origin, nucleus, mask } = crops[0]!;
    expect(padding).toEqual({ left: 9, top: 20, right: 10, bottom: 20 });
    expect(origin).toEqual({ x: -9, y: -20 });
    expect(nucleus.subarray(0, 20 * 100).every((value) => value === 0)).toBe(true);
    expect(mask[50 * 100 + 49]).toBe(1);
  });

  it("uses nuclei that are cut by the frame when there are no others", () => {
    const edge = { height: 120, width: 120, pixelSizeMicrons: 0.4126 };
    const { crops } = cropNuclei(fieldOfDiscs(edge, [{ x: 0, y: 60, radius: 20, brightness: 900 }]), edge);
    expect(crops.length).toBe(1);
    expect(crops[0]!.centralNucleus.touchesBorder).toBe(true);
  });

  it("gives no crop when there is no nucleus", () => {
    expect(cropNuclei(fieldOfDiscs(size, []), size).crops).toEqual([]);
  });
});
