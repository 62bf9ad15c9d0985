// Small masks and fields for tests, drawn so that the right answer is known beforehand: discs for nuclei, and
// text pictures where every pixel matters.

import type { PlaneSize } from "../planes/distance-transform.ts";

/** A mask from rows of "#" (1) and any other character (0). */
export function drawing(rows: readonly string[]): { mask: Uint8Array; size: PlaneSize } {
  return {
    mask: Uint8Array.from(rows.join(""), (character) => (character === "#" ? 1 : 0)),
    size: { height: rows.length, width: rows[0]!.length },
  };
}

/** A mask of one disc. */
export function disc({ height, width }: PlaneSize, x: number, y: number, radius: number): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, pixel) =>
    Math.hypot((pixel % width) - x, Math.floor(pixel / width) - y) <= radius ? 1 : 0,
  );
}

/** A field with camera offset 100, noise of about 3 and one bright disc per entry. */
export function fieldOfDiscs(
  size: PlaneSize,
  discs: readonly { x: number; y: number; radius: number; brightness: number }[],
): Float32Array {
  let state = 1;
  const field = Float32Array.from({ length: size.height * size.width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 100 + (state / 2 ** 32) * 10;
  });
  for (const { x, y, radius, brightness } of discs) {
    disc(size, x, y, radius).forEach((inside, pixel) => {
      if (inside) field[pixel]! += brightness;
    });
  }
  return field;
}
