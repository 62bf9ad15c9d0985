// A square window of a plane, whose corner may lie outside: crops around nuclei, and whatever else is cut with them.
// What lies outside the plane is left as it is in the target.

import type { PlaneSize } from "./distance-transform.ts";

/** A plane of any of the types that crops have, [height, width]. */
type Plane = Float32Array | Uint8Array | Int32Array;

/**
 * Copies the pixels of a window [side, side] whose first pixel is `origin`, which may be negative, to the beginning of
 * `target`, an array of the plane's type. Pixels of the window outside the plane keep their value.
 */
export function copyWindow<T extends Plane>(
  plane: T,
  { height, width }: PlaneSize,
  { x, y }: { readonly x: number; readonly y: number },
  side: number,
  target: T,
): void {
  const [first, end] = [Math.max(0, -x), Math.min(side, width - x)];
  if (end <= first) return;
  for (let row = Math.max(0, -y); row < Math.min(side, height - y); row++) {
    const from = (y + row) * width + x;
    target.set(plane.subarray(from + first, from + end), row * side + first);
  }
}
