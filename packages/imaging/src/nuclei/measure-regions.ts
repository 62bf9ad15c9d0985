// Shape measures of labelled objects: area, centroid, bounding box, contact with the frame, and solidity
// (area over the area of the convex hull, by Andrew's monotone chain, 1979).

import type { PlaneSize } from "../planes/distance-transform.ts";

export interface RegionMeasure {
  readonly label: number;
  readonly areaPixels: number;
  /** Mean position of the pixels' centres. */
  readonly centre: { readonly x: number; readonly y: number };
  /** x and y of the first pixel, and one past the last. */
  readonly box: {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
  };
  readonly touchesBorder: boolean;
  /** Area over convex hull area: 1 for convex objects, less for ragged or merged ones. */
  readonly solidity: number;
}

/** Measures the objects 1..count of a label image [H, W]; labels without pixels are left out. */
export function measureRegions(labels: Int32Array, size: PlaneSize, count: number): RegionMeasure[] {
  const { height, width } = size;
  const rows = Array.from({ length: count + 1 }, () => new Map<number, { left: number; right: number }>());
  const area = new Int32Array(count + 1);
  const sumX = new Float64Array(count + 1);
  const sumY = new Float64Array(count + 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = labels[y * width + x]!;
      if (label === 0) continue;
      area[label]!++;
      sumX[label]! += x;
      sumY[label]! += y;
      const span = rows[label]!.get(y);
      if (span) span.right = x + 1;
      else rows[label]!.set(y, { left: x, right: x + 1 });
    }
  }

  const measures: RegionMeasure[] = [];
  for (let label = 1; label <= count; label++) {
    const areaPixels = area[label]!;
    if (areaPixels === 0) continue;
    const ys = [...rows[label]!.keys()];
    const spans = [...rows[label]!.values()];
    const box = {
      left: Math.min(...spans.map((span) => span.left)),
      right: Math.max(...spans.map((span) => span.right)),
      top: ys[0]!,
      bottom: ys.at(-1)! + 1,
    };
    measures.push({
      label,
      areaPixels,
      centre: { x: sumX[label]! / areaPixels, y: sumY[label]! / areaPixels },
      box,
      touchesBorder: box.left === 0 || box.top === 0 || box.right === width || box.bottom === height,
      solidity: areaPixels / hullArea(rows[label]!),
    });
  }
  return measures;
}

type Point = readonly [x: number, y: number];

/** Area of the convex hull of an object's pixels, taken as unit squares. */
function hullArea(rows: ReadonlyMap<number, { left: number; right: number }>): number {
  const corners: Point[] = [];
  for (const [y, { left, right }] of rows) {
    corners.push([left, y], [left, y + 1], [right, y], [right, y + 1]);
  }
  corners.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const hull = [...hullChain(corners), ...hullChain(corners.toReversed())];
  let doubled = 0;
  hull.forEach((a, i) => {
    const b = hull[(i + 1) % hull.length]!;
    doubled += a[0] * b[1] - b[0] * a[1];
  });
  return Math.abs(doubled) / 2;
}

/** One side of the hull of sorted points, without its last point. */
function hullChain(points: readonly Point[]): Point[] {
  const chain: Point[] = [];
  for (const point of points) {
    while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
    chain.push(point);
  }
  chain.pop();
  return chain;
}

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}
