import { resizeBilinear } from "@proteoscope/imaging";
import { describe, expect, it } from "vitest";
import { placeCrop } from "./place-crop.ts";

const side = 6;
const crop = Float32Array.from({ length: side * side }, (_, i) => (i % 7) / 7 + 0.1);

describe("a crop on the pixels of its picture", () => {
  it("is itself where the pixels are the same", () => {
    const size = { height: 10, width: 12 };
    const plane = placeCrop(crop, { size, resampled: size, first: { x: 4, y: 3 }, side });
    for (let y = 0; y < 10; y++)
      for (let x = 0; x < 12; x++) {
        const isInside = y >= 3 && y < 9 && x >= 4 && x < 10;
        expect(plane[y * 12 + x]).toBe(isInside ? crop[(y - 3) * side + (x - 4)] : 0);
      }
  });

  it("is what resizing gives where it fills the picture", () => {
    const size = { height: 25, width: 26 };
    const plane = placeCrop(crop, {
      size,
      resampled: { height: side, width: side },
      first: { x: 0, y: 0 },
      side,
    });
    const resized = resizeBilinear(crop, { height: side, width: side }, size);
    for (const [i, value] of plane.entries()) expect(value).toBeCloseTo(resized[i]!, 5);
  });

  it("is cut where it reaches beyond the picture", () => {
    const size = { height: 3, width: 3 };
    const plane = placeCrop(crop, { size, resampled: size, first: { x: -2, y: -1 }, side });
    expect(plane[0]).toBe(crop[1 * side + 2]);
    expect(plane[8]).toBe(crop[3 * side + 4]);
  });
});
