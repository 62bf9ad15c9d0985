// Splits touching nuclei: a watershed on the distance transform, in which two basins stay apart only when the
// neck between them is clearly narrower than the smaller of the two.
// Vincent & Soille, IEEE TPAMI 13 (1991); the merging by depth is the "dynamics" of Grimaud (1992).

import type { PlaneSize } from "../planes/distance-transform.ts";
import { listNeighbours, type Regions } from "./regions.ts";

/**
 * Labels the non-zero pixels of depth [H, W] by basin; labels 1..count in scanning order.
 *
 * Pixels are flooded from the deepest on. Where two basins meet at depth s they become one unless
 * s < neckRatio x the depth of the shallower: 0 never splits, 1 splits at every maximum.
 */
export function splitByDepth(depth: Float32Array, size: PlaneSize, neckRatio: number): Regions {
  const inside = deepestFirst(depth);

  // A basin is named by its deepest pixel; basinOf leads there by way of the basins that were merged.
  const basinOf = new Int32Array(depth.length).fill(-1);
  const find = (pixel: number): number => {
    let root = pixel;
    while (basinOf[root] !== root) root = basinOf[root]!;
    while (basinOf[pixel] !== root) {
      const next = basinOf[pixel]!;
      basinOf[pixel] = root;
      pixel = next;
    }
    return root;
  };

  const neighbours = new Int32Array(8);
  const met = new Int32Array(8); // the basins of the neighbours that are flooded
  for (const pixel of inside) {
    let deepest = -1; // of those neighbours
    let count = 0;
    const listed = listNeighbours(pixel, size, neighbours);
    for (let i = 0; i < listed; i++) {
      const neighbour = neighbours[i]!;
      if (basinOf[neighbour] === -1) continue;
      if (deepest === -1 || depth[neighbour]! > depth[deepest]!) deepest = neighbour;
      const basin = find(neighbour);
      if (count === 0 || basin !== met[count - 1]) met[count++] = basin;
    }
    if (deepest === -1) {
      basinOf[pixel] = pixel;
      continue;
    }
    basinOf[pixel] = find(deepest);
    for (let i = 0; i < count; i++) {
      const here = find(pixel);
      const there = find(met[i]!);
      if (here === there) continue;
      const [deep, shallow] = depth[here]! >= depth[there]! ? [here, there] : [there, here];
      if (depth[pixel]! >= neckRatio * depth[shallow]!) basinOf[shallow] = deep;
    }
  }

  const labels = new Int32Array(depth.length);
  const labelOf = new Int32Array(depth.length);
  let count = 0;
  for (let pixel = 0; pixel < depth.length; pixel++) {
    if (basinOf[pixel] === -1) continue;
    const basin = find(pixel);
    if (labelOf[basin] === 0) labelOf[basin] = ++count;
    labels[pixel] = labelOf[basin]!;
  }
  return { labels, count };
}

/** The pixels with depth, the deepest first and those of one depth in scanning order: a radix sort, in linear time. */
function deepestFirst(depth: Float32Array): Uint32Array {
  // As unsigned integers the bits of positive floats are in the floats' order.
  const bits = new Uint32Array(Float32Array.from(depth).buffer);
  let order = new Uint32Array(depth.length);
  let count = 0;
  for (let pixel = 0; pixel < depth.length; pixel++) if (depth[pixel]! > 0) order[count++] = pixel;
  order = order.subarray(0, count);
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(2 ** 16 + 1);
    const digit = (pixel: number) => ~(bits[pixel]! >>> shift) & 0xffff;
    for (const pixel of order) starts[digit(pixel) + 1]! += 1;
    for (let value = 1; value < starts.length; value++) starts[value]! += starts[value - 1]!;
    const sorted = new Uint32Array(count);
    for (const pixel of order) sorted[starts[digit(pixel)]!++] = pixel;
    order = sorted;
  }
  return order;
}
