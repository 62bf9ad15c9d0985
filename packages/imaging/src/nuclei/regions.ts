// Connected regions of a mask, by flood fill with an explicit stack: fields have millions of pixels, too many for
// recursion. Labels follow the scanning order, so that the same image always gets the same numbers.

import type { PlaneSize } from "../planes/distance-transform.ts";

export interface Regions {
  /** [H, W]: 0 outside, 1..count in scanning order of each region's first pixel. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** 1 where the pixel is inside, 0 elsewhere. (Uint8Array.from goes through a list of numbers, at ten times the time.) */
export function maskWhere(length: number, isInside: (pixel: number) => boolean): Uint8Array {
  const mask = new Uint8Array(length);
  for (let pixel = 0; pixel < length; pixel++) if (isInside(pixel)) mask[pixel] = 1;
  return mask;
}

/** Labels the regions of the non-zero pixels, connected over edges (4) or over edges and corners (8). */
export function labelRegions(mask: ArrayLike<number>, size: PlaneSize, connectivity: 4 | 8): Regions {
  const { height, width } = size;
  const labels = new Int32Array(height * width);
  const stack = new Int32Array(height * width);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    count++;
    labels[start] = count;
    stack[0] = start;
    let depth = 1;
    while (depth > 0) {
      const pixel = stack[--depth]!;
      forEachNeighbour(pixel, size, connectivity, (neighbour) => {
        if (mask[neighbour] === 0 || labels[neighbour] !== 0) return;
        labels[neighbour] = count;
        stack[depth++] = neighbour;
      });
    }
  }
  return { labels, count };
}

/** Calls visit with the index of each neighbour that lies inside the plane. */
export function forEachNeighbour(
  pixel: number,
  { height, width }: PlaneSize,
  connectivity: 4 | 8,
  visit: (neighbour: number) => void,
): void {
  const x = pixel % width;
  const y = (pixel - x) / width;
  const left = x > 0;
  const right = x < width - 1;
  if (left) visit(pixel - 1);
  if (right) visit(pixel + 1);
  if (y > 0) {
    visit(pixel - width);
    if (connectivity === 8 && left) visit(pixel - width - 1);
    if (connectivity === 8 && right) visit(pixel - width + 1);
  }
  if (y < height - 1) {
    visit(pixel + width);
    if (connectivity === 8 && left) visit(pixel + width - 1);
    if (connectivity === 8 && right) visit(pixel + width + 1);
  }
}
