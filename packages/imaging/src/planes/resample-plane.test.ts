import { describe, expect, it } from "vitest";
import { resamplePlane } from "./resample-plane.ts";

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("resamplePlane", () => {
  it("averages whole blocks when the image shrinks by a whole number", () => {
    const plane = Float32Array.of(1, 3, 10, 20, 5, 7, 30, 40);
    expect(Array.from(resamplePlane(plane, { height: 2, width: 4 }, { height: 1, width: 2 }))).toEqual([
      4, 25,
    ]);
  });

  it("shares pixels between neighbours by their overlap", () => {
    const resized = resamplePlane(Float32Array.of(3, 6, 9), { height: 1, width: 3 }, { height: 1, width: 2 });
    expect(resized[0]).toBeCloseTo((3 + 0.5 * 6) / 1.5, 5);
    expect(resized[1]).toBeCloseTo((0.5 * 6 + 9) / 1.5, 5);
  });

  it("keeps the mean intensity at any shrinking ratio", () => {
    const plane = Float32Array.from({ length: 37 * 53 }, (_, i) => (i * 7919) % 101);
    const resized = resamplePlane(plane, { height: 37, width: 53 }, { height: 16, width: 29 });
    expect(resized.length).toBe(16 * 29);
    expect(mean(resized)).toBeCloseTo(mean(plane), 3);
  });

  it("interpolates when the image grows, and treats each side for itself", () => {
    const grown = resamplePlane(Float32Array.of(0, 4), { height: 1, width: 2 }, { height: 1, width: 4 });
    expect(Array.from(grown)).toEqual([0, 1, 3, 4]);
    const mixed = resamplePlane(
      Float32Array.of(0, 4, 2, 6),
      { height: 2, width: 2 },
      { height: 1, width: 4 },
    );
    expect(Array.from(mixed)).toEqual([1, 2, 4, 5]);
  });

  it("returns the values unchanged at the same size", () => {
    const plane = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(resamplePlane(plane, { height: 2, width: 3 }, { height: 2, width: 3 })).toEqual(plane);
  });
});
