import { describe, expect, it } from "vitest";
import { euclideanDistance } from "../planes/distance-transform.ts";
import { disc } from "../testing/drawing.ts";
import { splitByDepth } from "./split-touching.ts";

const size = { height: 40, width: 80 };

/** Depth of two discs of radius 12 whose centres lie `apart` pixels from each other. */
function pair(apart: number): Float32Array {
  const left = disc(size, 20, 20, 12);
  const right = disc(size, 20 + apart, 20, 12);
  return euclideanDistance(
    left.map((value, pixel) => value | right[pixel]!),
    size,
  );
}

describe("splitByDepth", () => {
  it("splits two touching discs at their neck", () => {
    const { labels, count } = splitByDepth(pair(22), size, 0.88);
    expect(count).toBe(2);
    const row = Array.from(labels.subarray(20 * 80, 21 * 80));
    expect(row.lastIndexOf(1)).toBeLessThanOrEqual(31);
    expect(row.indexOf(2)).toBeGreaterThanOrEqual(31);
  });

  it("leaves two discs that overlap almost wholly as one", () => {
    expect(splitByDepth(pair(8), size, 0.88).count).toBe(1);
  });

  it("splits by the ratio: none at 0, every maximum at 1", () => {
    expect(splitByDepth(pair(22), size, 0).count).toBe(1);
    expect(splitByDepth(Float32Array.of(2, 3, 2.9, 3, 1), { height: 1, width: 5 }, 1).count).toBe(2);
    expect(splitByDepth(Float32Array.of(2, 3, 2.9, 3, 1), { height: 1, width: 5 }, 0.9).count).toBe(1);
  });

  it("labels every pixel with depth and no other", () => {
    const depth = pair(20);
    const { labels } = splitByDepth(depth, size, 0.88);
    expect(labels.every((label, pixel) => label > 0 === depth[pixel]! > 0)).toBe(true);
  });

  it("floods pixels of one depth in scanning order", () => {
    const plateau = Float32Array.of(1, 1, 0, 1e-30, 1e-30, 0, 3e9, 3e9);
    expect([...splitByDepth(plateau, { height: 1, width: 8 }, 1).labels]).toEqual([1, 1, 0, 2, 2, 0, 3, 3]);
  });

  it("judges the neck by the shallower of the two", () => {
    // Along one line: basins of depth 10 and 4, the saddle between them at 3: three quarters of the shallower.
    const depth = Float32Array.of(5, 10, 6, 3, 3.5, 4, 2);
    expect(splitByDepth(depth, { height: 1, width: 7 }, 0.7).count).toBe(1);
    expect(splitByDepth(depth, { height: 1, width: 7 }, 0.8).count).toBe(2);
  });
});
