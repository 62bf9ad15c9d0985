// A generated crop on the pixels of the picture that its nucleus came from: bilinear, with half-pixel centres, zero outside
// the crop.

import type { PlaneSize } from "@proteoscope/imaging";

/** Where a crop lies in a picture. */
export interface CropPlace {
  /** The picture. */
  readonly size: PlaneSize;
  /** The picture at the model's pixel size, to which `first` refers. */
  readonly resampled: PlaneSize;
  /** The crop's first pixel there; negative where it reaches beyond. */
  readonly first: { readonly x: number; readonly y: number };
  /** Side of the crop in pixels. */
  readonly side: number;
}

/** A crop [side, side] as a plane [height, width] of the picture. */
export function placeCrop(crop: Float32Array, { size, resampled, first, side }: CropPlace): Float32Array {
  const plane = new Float32Array(size.height * size.width);
  const at = (y: number, x: number) =>
    crop[Math.min(side - 1, Math.max(0, y)) * side + Math.min(side - 1, Math.max(0, x))]!;
  for (let row = 0; row < size.height; row++) {
    const y = ((row + 0.5) * resampled.height) / size.height - 0.5 - first.y;
    if (y < -0.5 || y > side - 0.5) continue;
    for (let column = 0; column < size.width; column++) {
      const x = ((column + 0.5) * resampled.width) / size.width - 0.5 - first.x;
      if (x < -0.5 || x > side - 0.5) continue;
      const [top, left] = [Math.floor(y), Math.floor(x)];
      const [v, u] = [y - top, x - left];
      const upper = at(top, left) * (1 - u) + at(top, left + 1) * u;
      const lower = at(top + 1, left) * (1 - u) + at(top + 1, left + 1) * u;
      plane[row * size.width + column] = upper * (1 - v) + lower * v;
    }
  }
  return plane;
}
