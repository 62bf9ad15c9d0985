import { describe, expect, it } from "vitest";
import { fieldOfDiscs } from "../testing/drawing.ts";
import { cropNuclei } from "./crop-nuclei.ts";
import { openFieldCanvas } from "./field-canvas.ts";

const size = { height: 220, width: 260 };
const field = fieldOfDiscs(size, [
  { x: 80, y: 90, radius: 17, brightness: 1000 },
  { x: 130, y: 110, radius: 17, brightness: 900 },
]);
const { crops } = cropNuclei(field, { ...size, pixelSizeMicrons: 0.4126 });
const [left, right] = crops.toSorted((a, b) => a.centralNucleus.centre.x - b.centralNucleus.centre.x);
const plane = (value: number) => new Float32Array(100 * 100).fill(value);
const at = (picture: Float32Array, x: number, y: number) => picture[y * size.width + x]!;

describe("openFieldCanvas", () => {
  it("shows in each nucleus what its own crop shows, and a mean half way between two", () => {
    const canvas = openFieldCanvas(size, 1);
    canvas.add(left!, [plane(0.2)]);
    canvas.add(right!, [plane(0.8)]);
    const [picture] = canvas.render();
    expect(at(picture!, 80, 90)).toBeCloseTo(0.2, 4);
    expect(at(picture!, 130, 110)).toBeCloseTo(0.8, 4);
    expect(at(picture!, 105, 100)).toBeGreaterThan(0.3);
    expect(at(picture!, 105, 100)).toBeLessThan(0.7);
  });

  it("is the crop itself where one crop lies, fades towards its sides, and is black beyond", () => {
    const canvas = openFieldCanvas(size, 2);
    const values = Float32Array.from({ length: 10_000 }, (_, i) => (i % 97) / 97);
    canvas.add(left!, [values, plane(1)]);
    const [picture, ones] = canvas.render();
    const { x, y } = left!.origin;
    expect(at(picture!, x + 50, y + 40)).toBeCloseTo(values[40 * 100 + 50]!, 5);
    expect(at(ones!, x, y + 50)).toBeCloseTo(0.5 / 8, 5);
    expect(at(ones!, x + 4, y + 50)).toBeCloseTo(4.5 / 8, 5);
    expect(at(ones!, x + 8, y + 50)).toBeCloseTo(1, 5);
    expect(at(ones!, 250, 200)).toBe(0);
  });

  it("does not fade towards the sides of the field", () => {
    const corner = fieldOfDiscs(size, [{ x: 30, y: 30, radius: 17, brightness: 1000 }]);
    const [crop] = cropNuclei(corner, { ...size, pixelSizeMicrons: 0.4126 }).crops;
    expect(crop!.origin).toEqual({ x: 0, y: 0 });
    const canvas = openFieldCanvas(size, 1);
    canvas.add(crop!, [plane(1)]);
    const [picture] = canvas.render();
    expect(at(picture!, 0, 0)).toBeCloseTo(1, 5);
    expect(at(picture!, 99, 50)).toBeCloseTo(0.5 / 8, 5);
  });

  it("takes crops that reach beyond a small field", () => {
    const small = { height: 60, width: 70 };
    const one = fieldOfDiscs(small, [{ x: 35, y: 30, radius: 15, brightness: 1000 }]);
    const [crop] = cropNuclei(one, { ...small, pixelSizeMicrons: 0.4126 }).crops;
    expect(crop!.origin.x).toBeLessThan(0);
    const canvas = openFieldCanvas(small, 1);
    canvas.add(crop!, [plane(0.5)]);
    for (const value of canvas.render()[0]!) expect(value).toBeCloseTo(0.5, 5);
  });
});
