// Splits touching nuclei: a watershed on the distance transform, in which two basins stay apart only when the
// neck between them is clearly narrower than the smaller of the two.
// Vincent & Soille, IEEE TPAMI 13 (1991); the merging by depth is the "dynamics" of Grimaud (1992).

import type { PlaneSize } from "../planes/distance-transform.ts";
import { forEachNeighbour, type Regions } from "./regions.ts";

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

  let deepest = -1; // the deepest neighbour that is flooded
  const met: number[] = []; // the basins of all of them
  const visit = (neighbour: number): void => {
    const parent = basinOf[neighbour]!;
    if (parent === -1) return;
    if (deepest === -1 || depth[neighbour]! > depth[deepest]!) deepest = neighbour;
    if (met.includes(parent)) return;
    const basin = find(neighbour);
    if (!met.includes(basin)) met.push(basin);
  };
  for (const pixel of inside) {
    deepest = -1;
    met.length = 0;
    forEachNeighbour(pixel, size, 8, visit);
    if (deepest === -1) {
      basinOf[pixel] = pixel;
      continue;
    }
    basinOf[pixel] = find(deepest);
    for (const other of met) {
      const here = find(pixel);
      const there = find(other);
      const [deep, shallow] = depth[here]! >= depth[there]! ? [here, there] : [there, here];
      if (deep !== shallow && depth[pixel]! >= neckRatio * depth[shallow]!) basinOf[shallow] = deep;
    }
  }

  const labels = new Int32Array(depth.length);
  const labelOf = new Map<number, number>();
  for (let pixel = 0; pixel < depth.length; pixel++) {
    if (basinOf[pixel] === -1) continue;
    const basin = find(pixel);
    if (!labelOf.has(basin)) labelOf.set(basin, labelOf.size + 1);
    labels[pixel] = labelOf.get(basin)!;
  }
  return { labels, count: labelOf.size };
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
