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

/** The values of the pixels that are chosen, in scanning order. (Float32Array.filter takes ten times the time.) */
export function valuesWhere(values: Float32Array, isChosen: (pixel: number) => boolean): Float32Array {
  const chosen = new Float32Array(values.length);
  let count = 0;
  for (let pixel = 0; pixel < values.length; pixel++) if (isChosen(pixel)) chosen[count++] = values[pixel]!;
  return chosen.subarray(0, count);
}

/** Labels the regions of the non-zero pixels, connected over edges (4) or over edges and corners (8). */
export function labelRegions(mask: ArrayLike<number>, size: PlaneSize, connectivity: 4 | 8): Regions {
  const { height, width } = size;
  const labels = new Int32Array(height * width);
  const stack = new Int32Array(height * width);
  const neighbours = new Int32Array(8);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    count++;
    labels[start] = count;
    stack[0] = start;
    let depth = 1;
    while (depth > 0) {
      const listed = listNeighbours(stack[--depth]!, size, neighbours, connectivity);
      for (let i = 0; i < listed; i++) {
        const neighbour = neighbours[i]!;
        if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
        labels[neighbour] = count;
        stack[depth++] = neighbour;
      }
    }
  }
  return { labels, count };
}

/** Puts the indices of the neighbours that lie inside the plane into `neighbours` [8]; returns their number. */
export function listNeighbours(
  pixel: number,
  { height, width }: PlaneSize,
  neighbours: Int32Array,
  connectivity: 4 | 8 = 8,
): number {
  const x = pixel % width;
  const left = x > 0;
  const right = x < width - 1;
  const withCorners = connectivity === 8;
  let count = 0;
  if (left) neighbours[count++] = pixel - 1;
  if (right) neighbours[count++] = pixel + 1;
  if (pixel >= width) {
    neighbours[count++] = pixel - width;
    if (withCorners && left) neighbours[count++] = pixel - width - 1;
    if (withCorners && right) neighbours[count++] = pixel - width + 1;
  }
  if (pixel < (height - 1) * width) {
    neighbours[count++] = pixel + width;
    if (withCorners && left) neighbours[count++] = pixel + width - 1;
    if (withCorners && right) neighbours[count++] = pixel + width + 1;
  }
  return count;
}
