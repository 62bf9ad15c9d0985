import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampCamera, panBy, scaleBarOf, wholeImage, zoomAt } from "./camera.ts";

describe("the camera", () => {
  const cameras = fc.record({
    x: fc.double({ min: -3, max: 3, noNaN: true }),
    y: fc.double({ min: -3, max: 3, noNaN: true }),
    zoom: fc.double({ min: 0.01, max: 100, noNaN: true }),
  });

  it("shows nothing outside of the image", () => {
    fc.assert(
      fc.property(cameras, (camera) => {
        const { x, y, zoom } = clampCamera(camera);
        for (const middle of [x, y]) {
          expect(middle - 0.5 / zoom).toBeGreaterThanOrEqual(-1e-9);
          expect(middle + 0.5 / zoom).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });

  it("keeps the place under the pointer where it is", () => {
    const before = clampCamera({ x: 0.5, y: 0.5, zoom: 4 });
    const after = zoomAt(before, 1.5, 0.3, 0.6);
    const placeOf = (camera: typeof before, p: number, middle: number) => middle + (p - 0.5) / camera.zoom;
    expect(placeOf(after, 0.3, after.x)).toBeCloseTo(placeOf(before, 0.3, before.x));
    expect(placeOf(after, 0.6, after.y)).toBeCloseTo(placeOf(before, 0.6, before.y));
    expect(after.zoom).toBe(6);
  });

  it("moves against the pointer, and not at all where it shows the whole image", () => {
    expect(panBy({ x: 0.5, y: 0.5, zoom: 2 }, 0.2, 0)).toEqual({ x: 0.4, y: 0.5, zoom: 2 });
    expect(panBy(wholeImage, 0.2, 0.1)).toEqual(wholeImage);
  });

  it("has a scale bar of a round length, at most a third of the view", () => {
    expect(scaleBarOf(0.4126, 100, wholeImage)).toEqual({
      micrometers: 10,
      fraction: expect.closeTo(10 / 41.26),
    });
    expect(scaleBarOf(0.4126, 100, { ...wholeImage, zoom: 8 }).micrometers).toBe(1);
    expect(scaleBarOf(0.4126, 100, { ...wholeImage, zoom: 8 }).fraction).toBeLessThan(1 / 3);
  });
});
