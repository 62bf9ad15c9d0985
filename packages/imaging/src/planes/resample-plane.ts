// Brings a plane to another pixel size: every new pixel is the mean over the area it covers when the image shrinks
// (no aliasing, equal mean intensity), a bilinear sample when it grows.

import type { PlaneSize } from "./distance-transform.ts";
import { resizeBilinear } from "./resize-bilinear.ts";

/** Resizes a plane [H, W] to [H', W'], each side by area or bilinearly as it shrinks or grows. */
export function resamplePlane(plane: Float32Array, from: PlaneSize, to: PlaneSize): Float32Array {
  const shrunk = { height: Math.min(from.height, to.height), width: Math.min(from.width, to.width) };
  const rows = averageLines(plane, {
    lines: from.height,
    from: from.width,
    to: shrunk.width,
    lineStride: [from.width, shrunk.width],
    step: 1,
  });
  const averaged = averageLines(rows, {
    lines: shrunk.width,
    from: from.height,
    to: shrunk.height,
    lineStride: [1, 1],
    step: shrunk.width,
  });
  const grows = to.height > shrunk.height || to.width > shrunk.width;
  return grows ? resizeBilinear(averaged, shrunk, to) : averaged;
}

interface Averaging {
  readonly lines: number;
  /** Pixels of a line before and after, to <= from. */
  readonly from: number;
  readonly to: number;
  /** From line to line, in the source and in the result. */
  readonly lineStride: readonly [number, number];
  readonly step: number;
}

function averageLines(plane: Float32Array, { lines, from, to, lineStride, step }: Averaging): Float32Array {
  if (from === to) return plane;
  const result = new Float32Array(lines * to);
  const scale = from / to;
  for (let i = 0; i < to; i++) {
    const begin = i * scale;
    const end = Math.min((i + 1) * scale, from);
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let source = Math.floor(begin); source < end; source++) {
        const overlap = Math.min(source + 1, end) - Math.max(source, begin);
        sum += overlap * plane[line * lineStride[0] + source * step]!;
      }
      result[line * lineStride[1] + i * step] = sum / (end - begin);
    }
  }
  return result;
}
