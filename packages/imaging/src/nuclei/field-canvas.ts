// One picture of a field from the crops around its nuclei. Crops overlap, and each shows its own cell best: a pixel is the
// mean of the crops that cover it, weighted by how near the crop's own nucleus is. The weight falls by e per two pixels,
// so that a pixel shows the cell of the nearest nucleus, and seams between cells are soft.

import type { PlaneSize } from "../planes/distance-transform.ts";
import { nuclearDistance } from "../planes/nuclear-distance.ts";
import type { NucleusCrop } from "./crop-nuclei.ts";
import { maskWhere } from "./regions.ts";

const seamPixels = 2;
const fadePixels = 8; // towards the sides of crops, beyond which nothing is known

/** A picture that crops are put into, one after the other. */
export interface FieldCanvas {
  /** Adds one cell: `planes` are the values of its crop, one [S, S] per plane of the canvas. */
  add(crop: NucleusCrop, planes: readonly Float32Array[]): void;
  /** The picture so far, one [H, W] per plane; 0 where no crop lies. */
  render(): Float32Array[];
}

/** An empty picture of a field; `planes` is the number of planes that are put together in the same way. */
export function openFieldCanvas(size: PlaneSize, planes: number): FieldCanvas {
  const area = size.height * size.width;
  const sums = Array.from({ length: planes }, () => new Float32Array(area));
  const weights = new Float32Array(area);
  const cover = new Float32Array(area);
  return {
    add({ labels, label, origin }, values) {
      const side = Math.sqrt(labels.length);
      const own = maskWhere(labels.length, (pixel) => labels[pixel] === label);
      const depth = nuclearDistance(own, { height: side, width: side });
      const [fadeX, fadeY] = [fadeOf(origin.x, side, size.width), fadeOf(origin.y, side, size.height)];
      for (let row = Math.max(0, -origin.y); row < Math.min(side, size.height - origin.y); row++) {
        for (let column = Math.max(0, -origin.x); column < Math.min(side, size.width - origin.x); column++) {
          const from = row * side + column;
          const to = (origin.y + row) * size.width + origin.x + column;
          const weight = Math.exp(depth[from]! / seamPixels);
          weights[to]! += weight;
          cover[to] = Math.max(cover[to]!, Math.min(fadeX[column]!, fadeY[row]!));
          for (let plane = 0; plane < planes; plane++) sums[plane]![to]! += weight * values[plane]![from]!;
        }
      }
    },
    render: () =>
      sums.map((sum) =>
        Float32Array.from(sum, (value, pixel) =>
          weights[pixel] === 0 ? 0 : (value / weights[pixel]!) * cover[pixel]!,
        ),
      ),
  };
}

/** Share of the picture by position in the crop: less towards those of its sides that are not sides of the field. */
function fadeOf(first: number, side: number, length: number): Float64Array {
  return Float64Array.from({ length: side }, (_, i) => {
    const before = first <= 0 ? fadePixels : i + 0.5;
    const after = first + side >= length ? fadePixels : side - i - 0.5;
    return Math.min(1, before / fadePixels, after / fadePixels);
  });
}
