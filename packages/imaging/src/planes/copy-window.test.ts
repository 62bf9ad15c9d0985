import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyWindow } from "./copy-window.ts";

describe("copyWindow", () => {
  it("copies what lies inside the plane, pixel by pixel, and leaves the rest", () => {
    const place = fc.integer({ min: -12, max: 12 });
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(size, size, place, place, size, (height, width, x, y, side) => {
        const plane = Float32Array.from({ length: height * width }, (_, i) => i + 1);
        const target = new Float32Array(side * side + 1).fill(-1);
        copyWindow(plane, { height, width }, { x, y }, side, target);
        const expected = Array.from({ length: side * side }, (_, i) => {
          const [row, column] = [y + Math.floor(i / side), x + (i % side)];
          const isInside = row >= 0 && row < height && column >= 0 && column < width;
          return isInside ? plane[row * width + column] : -1;
        });
        expect([...target]).toEqual([...expected, -1]);
      }),
    );
  });

  it("takes masks and labels as well", () => {
    const target = new Int32Array(4);
    copyWindow(Int32Array.of(1, 2, 3, 4, 5, 6), { height: 2, width: 3 }, { x: 1, y: 0 }, 2, target);
    expect([...target]).toEqual([2, 3, 5, 6]);
  });
});
