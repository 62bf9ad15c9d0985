import { readFileSync } from "node:fs";
import { readNpz, toFloat32 } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { segmentNuclei } from "./segment-nuclei.ts";

// Cuts of two real fields with the labels of an independent segmentation: see fixtures/README.md.
const fixtures = readNpz(readFileSync(new URL("./fixtures/fields.npz", import.meta.url)));
const cut = { height: 192, width: 192, pixelSizeMicrons: 0.4126 };

/** Mean intersection over union of the reference nuclei that are met by more than half, and how many are. */
function compare(labels: Int32Array, reference: Uint8Array): { matched: number; meanIou: number } {
  const ious: number[] = [];
  for (let nucleus = 1; nucleus <= Math.max(...reference); nucleus++) {
    const overlaps = new Map<number, number>();
    let area = 0;
    reference.forEach((label, pixel) => {
      if (label !== nucleus) return;
      area++;
      if (labels[pixel]) overlaps.set(labels[pixel], (overlaps.get(labels[pixel]) ?? 0) + 1);
    });
    const [found, overlap] = [...overlaps].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
    const iou = overlap / (area + labels.filter((label) => label === found).length - overlap);
    if (iou > 0.5) ious.push(iou);
  }
  return { matched: ious.length, meanIou: ious.reduce((sum, iou) => sum + iou, 0) / ious.length };
}

describe("segmentNuclei on real fields", () => {
  for (const name of ["good", "clumpy"]) {
    it(`finds the nuclei of a ${name} field as an independent segmentation does`, () => {
      const segmentation = segmentNuclei(toFloat32(fixtures.get(name)!), cut);
      const reference = fixtures.get(`${name}_labels`)!.data as Uint8Array;
      const { matched, meanIou } = compare(segmentation.labels, reference);
      expect(matched).toBeGreaterThanOrEqual(Math.max(...reference) - 1);
      expect(segmentation.nuclei.length - matched).toBeLessThanOrEqual(1);
      expect(meanIou).toBeGreaterThan(0.88);
    });
  }

  it("does not depend on gain and offset of the camera", () => {
    const image = toFloat32(fixtures.get("good")!);
    const changed = image.map((value) => value * 0.25 + 4096);
    const before = segmentNuclei(image, cut).labels;
    const after = segmentNuclei(changed, cut).labels;
    const different = before.filter((label, pixel) => label !== after[pixel]).length;
    expect(different).toBeLessThan(0.002 * before.length);
  });
});

describe("segmentNuclei on drawn fields", () => {
  const size = { height: 200, width: 240, pixelSizeMicrons: 0.4 };
  const nucleus = { x: 60, y: 60, radius: 18, brightness: 1000 };

  it("finds bright and dim nuclei of one field with their true size", () => {
    const field = fieldOfDiscs(size, [nucleus, { x: 150, y: 100, radius: 20, brightness: 200 }]);
    const { nuclei, labels, mask } = segmentNuclei(field, size);
    expect(nuclei.map(({ label }) => label)).toEqual([1, 2]);
    expect(nuclei[0]!.diameterMicrons).toBeCloseTo(2 * 18 * 0.4, 0);
    expect(nuclei[1]!.diameterMicrons).toBeCloseTo(2 * 20 * 0.4, 0);
    expect(nuclei[1]!.centre.x).toBeCloseTo(150, 0);
    expect(labels[100 * 240 + 150]).toBe(2);
    expect(mask.every((inside, pixel) => (inside === 1) === labels[pixel]! > 0)).toBe(true);
  });

  it("counts what it drops, by reason", () => {
    const field = fieldOfDiscs(size, [
      nucleus,
      { x: 130, y: 30, radius: 5, brightness: 1000 },
      { x: 170, y: 130, radius: 45, brightness: 1000 },
    ]);
    const { nuclei, dropped, mask } = segmentNuclei(field, size);
    expect(nuclei.length).toBe(1);
    expect(dropped).toEqual({ tooSmall: 1, tooLarge: 1, ragged: 0 });
    expect(mask[130 * 240 + 170]).toBe(1);
    expect(mask[30 * 240 + 130]).toBe(0);
  });

  it("takes sizes in microns: the same pixels at another pixel size are too small or too large", () => {
    const field = fieldOfDiscs(size, [nucleus]);
    expect(segmentNuclei(field, { ...size, pixelSizeMicrons: 0.2 }).dropped.tooSmall).toBe(1);
    expect(segmentNuclei(field, { ...size, pixelSizeMicrons: 0.9 }).dropped.tooLarge).toBe(1);
  });

  it("marks nuclei cut by the frame and accepts them at half the diameter", () => {
    const field = fieldOfDiscs(size, [nucleus, { x: 239, y: 150, radius: 12, brightness: 1000 }]);
    const { nuclei } = segmentNuclei(field, size);
    expect(nuclei.map(({ touchesBorder }) => touchesBorder)).toEqual([false, true]);
    expect(nuclei[1]!.diameterMicrons).toBeLessThan(8);
  });

  it("separates touching nuclei of different brightness", () => {
    const field = fieldOfDiscs(size, [nucleus, { x: 95, y: 60, radius: 18, brightness: 350 }]);
    expect(segmentNuclei(field, size).nuclei.length).toBe(2);
  });

  it("finds a single nucleus that covers less than a fifth of a percent of the field", () => {
    const large = { height: 480, width: 480, pixelSizeMicrons: 0.4 };
    const { nuclei } = segmentNuclei(
      fieldOfDiscs(large, [{ x: 300, y: 200, radius: 11, brightness: 500 }]),
      large,
    );
    expect(nuclei.length).toBe(1);
    expect(nuclei[0]!.centre.y).toBeCloseTo(200, 0);
  });

  it("finds nothing in noise, in a gradient, or in a constant image", () => {
    const noise = fieldOfDiscs(size, []);
    const gradient = noise.map((value, pixel) => value + (pixel % 240) * 0.05);
    for (const field of [noise, gradient, new Float32Array(200 * 240).fill(3)]) {
      expect(segmentNuclei(field, size).nuclei).toEqual([]);
    }
  });
});
