// Parts of a stitched picture that no tile covers, or a border that was put around it. They hold one value, the lowest of
// the plane, and end at straight edges. They are no background: percentiles and thresholds that count them are wrong.

import type { PlaneSize } from "../planes/distance-transform.ts";
import { labelRegions, maskWhere } from "./regions.ts";

const smallestSquareMicrons = 25;
const thinnestMicrons = 2;
const straightMicrons = 8;
const straightPixels = 16; // in coarse pixels a round nucleus has straight edges too

/**
 * 1 on the empty parts of a plane [H, W], 0 elsewhere; undefined where there are none.
 *
 * A part is a 4-connected region of exactly the lowest value, larger than 25 square micrometres and 2 micrometres thick in
 * the mean, whose border inside the frame runs for more than half of its length in straight lines of at least 8
 * micrometres and 16 pixels. Background that was clipped to the lowest value has the round borders of nuclei, and dead rows
 * of a camera are thin, so they are none.
 */
export function findEmptyParts(
  plane: Float32Array,
  size: PlaneSize,
  pixelSizeMicrons: number,
): Uint8Array | undefined {
  const lowest = plane.reduce((least, value) => Math.min(least, value), Infinity);
  const isLowest = maskWhere(plane.length, (pixel) => plane[pixel] === lowest);
  const { labels, count } = labelRegions(isLowest, size, 4);
  const area = new Float64Array(count + 1);
  for (const label of labels) area[label]! += 1;
  const straight = Math.max(straightPixels, straightMicrons / pixelSizeMicrons);
  const { all, inLines } = measureBorders(labels, size, count, straight);
  const isEmpty = area.map((pixels, label) => {
    const isLarge = label > 0 && pixels * pixelSizeMicrons ** 2 > smallestSquareMicrons;
    const isThick = 2 * pixels * pixelSizeMicrons >= thinnestMicrons * all[label]!;
    return isLarge && isThick && 2 * inLines[label]! > all[label]! ? 1 : 0;
  });
  if (!isEmpty.includes(1)) return undefined;
  return maskWhere(labels.length, (pixel) => isEmpty[labels[pixel]!] === 1);
}

/** Lengths of the regions' borders in pixels by label, without what lies on the frame: all, and in long straight lines. */
function measureBorders(labels: Int32Array, size: PlaneSize, count: number, straight: number) {
  const { height, width } = size;
  const all = new Float64Array(count + 1);
  const inLines = new Float64Array(count + 1);
  /** Follows the line between two rows or two columns; `before` and `after` are the first pixels on its sides. */
  const follow = (before: number, after: number, length: number, step: number): void => {
    let [label, run] = [0, 0]; // negative where the region is on the side of `before`
    for (let at = 0; at <= length; at++) {
      const [a, b] = at < length ? [labels[before + at * step]!, labels[after + at * step]!] : [0, 0];
      const here = a === b ? 0 : b - a; // regions never touch one another, so one of the two is 0
      if (here === label) {
        run++;
        continue;
      }
      all[Math.abs(label)]! += run;
      if (run >= straight) inLines[Math.abs(label)]! += run;
      [label, run] = [here, 1];
    }
  };
  for (let y = 1; y < height; y++) follow((y - 1) * width, y * width, width, 1);
  for (let x = 1; x < width; x++) follow(x - 1, x, height, width);
  return { all, inLines };
}
