// Pictures of discs for tests of what is chosen in an image: a plane is known again by how many discs it shows, and
// how sharp it is by their edges.

export interface DiscPicture {
  readonly discs: number;
  readonly radius: number;
  /** Discs are so much brighter than the ground. Default 1000. */
  readonly brightness?: number;
  /** Width of the discs' soft edge in pixels. Default 1. */
  readonly blur?: number;
}

export const side = 64;

/** `discs` discs side by side and below one another on a ground of 40, [64, 64]. */
export function drawDiscs({ discs, radius, brightness = 1000, blur = 1 }: DiscPicture): Uint16Array {
  const plane = new Uint16Array(side * side).fill(40);
  for (let disc = 0; disc < discs; disc++) {
    const [x, y] = [16 + 32 * (disc % 2), 16 + 32 * Math.floor(disc / 2)];
    for (let at = 0; at < plane.length; at++) {
      const outside = Math.hypot((at % side) - x, Math.floor(at / side) - y) - radius;
      const share = Math.min(1, Math.max(0, 0.5 - outside / blur));
      plane[at] = Math.max(plane[at]!, 40 + Math.round(brightness * share));
    }
  }
  return plane;
}

/** How many connected areas of a plane are brighter than half its range. */
export function countAreas(values: ArrayLike<number>, width: number): number {
  let [low, high] = [Infinity, -Infinity];
  for (let at = 0; at < values.length; at++)
    [low, high] = [Math.min(low, values[at]!), Math.max(high, values[at]!)];
  const bright = Uint8Array.from({ length: values.length }, (_, at) =>
    Number(values[at]! > (low + high) / 2),
  );
  let areas = 0;
  for (let start = 0; start < bright.length; start++) {
    if (bright[start] !== 1) continue;
    areas++;
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (bright[at] !== 1) continue;
      bright[at] = 0;
      if (at % width > 0) open.push(at - 1);
      if (at % width < width - 1) open.push(at + 1);
      open.push(at - width, at + width);
    }
  }
  return areas;
}
