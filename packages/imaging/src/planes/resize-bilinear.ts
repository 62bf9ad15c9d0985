// Bilinear resize of one plane with half-pixel centres and no antialias, value for value what
// torch.nn.functional.interpolate(mode="bilinear", align_corners=False) gives.

import type { PlaneSize } from "./distance-transform.ts";

/**
 * Resizes a plane [H, W] to [H', W']; beyond the outermost pixel centres the edge value is repeated.
 * @throws RangeError for sizes that do not fit.
 */
export function resizeBilinear(plane: Float32Array, from: PlaneSize, to: PlaneSize): Float32Array {
  if (plane.length !== from.height * from.width) {
    throw new RangeError(
      `plane holds ${plane.length} pixels but height ${from.height} x width ${from.width} is ${from.height * from.width}`,
    );
  }
  if (!(plane.length > 0 && to.height >= 1 && to.width >= 1)) {
    throw new RangeError(
      `cannot resize ${from.height}x${from.width} to ${to.height}x${to.width}: every side must be at least 1 pixel`,
    );
  }
  const rows = sampleAxis(from.height, to.height);
  const columns = sampleAxis(from.width, to.width);
  const result = new Float32Array(to.height * to.width);
  for (let y = 0; y < to.height; y++) {
    const above = rows.first[y]! * from.width;
    const below = rows.second[y]! * from.width;
    const v = rows.weight[y]!;
    for (let x = 0; x < to.width; x++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const u = columns.weight[x]!;
      const upper = plane[above + left]! * (1 - u) + plane[above + right]! * u;
      const lower = plane[below + left]! * (1 - u) + plane[below + right]! * u;
      result[y * to.width + x] = upper * (1 - v) + lower * v;
    }
  }
  return result;
}

interface AxisSamples {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float64Array; // the weight of the second sample
}

function sampleAxis(from: number, to: number): AxisSamples {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const weight = new Float64Array(to);
  for (let i = 0; i < to; i++) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    first[i] = Math.min(Math.floor(position), from - 1);
    second[i] = Math.min(first[i]! + 1, from - 1);
    weight[i] = position - first[i]!;
  }
  return { first, second, weight };
}
