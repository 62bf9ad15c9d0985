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
  const inside: number[] = [];
  for (let pixel = 0; pixel < depth.length; pixel++) if (depth[pixel]! > 0) inside.push(pixel);
  inside.sort((a, b) => depth[b]! - depth[a]! || a - b);

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

  for (const pixel of inside) {
    let deepest = -1;
    const met: number[] = [];
    forEachNeighbour(pixel, size, 8, (neighbour) => {
      if (basinOf[neighbour] === -1) return;
      if (deepest === -1 || depth[neighbour]! > depth[deepest]!) deepest = neighbour;
      const basin = find(neighbour);
      if (!met.includes(basin)) met.push(basin);
    });
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
