// Two measures of texture: how much light lies in grains of each size, by morphological openings with discs, and whether
// bright detail is round or drawn out, by the curvatures of the image.

export interface Opening {
  /** Radius of the disc, in pixels. */
  readonly radius: number;
  /** [N, N] light that no disc of this radius fits under, beyond what the one before lost. */
  readonly lost: Float32Array;
}

const radii = [1, 2, 3, 5];

/** Light of a plane [N, N] by the size of the grains that it lies in. */
export function granularity(plane: Float32Array, side: number): Opening[] {
  let before: Float32Array = plane;
  return radii.map((radius) => {
    const offsets = disc(radius);
    const opened = largest(largest(plane.map(negate), side, offsets).map(negate), side, offsets);
    const lost = before.map((value, i) => Math.max(0, value - opened[i]!));
    before = opened;
    return { radius, lost };
  });
}

function disc(radius: number): (readonly [dx: number, dy: number])[] {
  const offsets: [number, number][] = [];
  for (let dy = -radius; dy <= radius; dy++)
    for (let dx = -radius; dx <= radius; dx++)
      if (dx * dx + dy * dy <= (radius + 0.3) ** 2) offsets.push([dx, dy]);
  return offsets;
}

const negate = (value: number): number => -value; // the least value is the largest of the negative ones

/** Largest value under a disc around each pixel; what lies outside the plane does not count. */
function largest(
  plane: Float32Array,
  side: number,
  offsets: readonly (readonly [number, number])[],
): Float32Array {
  const result = new Float32Array(plane.length).fill(Number.NEGATIVE_INFINITY);
  // Offset by offset over whole rows, which is many times faster than pixel by pixel.
  for (const [dx, dy] of offsets) {
    const [left, right] = [Math.max(0, -dx), Math.min(side, side - dx)];
    for (let y = Math.max(0, -dy); y < Math.min(side, side - dy); y++) {
      const [to, from] = [y * side, (y + dy) * side + dx];
      for (let x = left; x < right; x++) {
        const value = plane[from + x]!;
        if (value > result[to + x]!) result[to + x] = value;
      }
    }
  }
  return result;
}

export interface Ridgeness {
  /** [N, N] curvature of bright detail across it, 0 in hollows and saddles' floors. */
  readonly strength: Float32Array;
  /** [N, N] curvature along it over that across it: 1 on a round spot, 0 on a straight line. */
  readonly roundness: Float32Array;
}

/** Strength and roundness of the structures of a plane [N, N] that was smoothed to the scale at which detail is looked for. */
export function ridgeness(plane: Float32Array, side: number): Ridgeness {
  const strength = new Float32Array(plane.length);
  const roundness = new Float32Array(plane.length);
  for (let y = 1; y < side - 1; y++)
    for (let x = 1; x < side - 1; x++) {
      const i = y * side + x;
      const at = (dx: number, dy: number) => plane[i + dy * side + dx]!;
      const xx = at(1, 0) + at(-1, 0) - 2 * at(0, 0);
      const yy = at(0, 1) + at(0, -1) - 2 * at(0, 0);
      const xy = (at(1, 1) + at(-1, -1) - at(1, -1) - at(-1, 1)) / 4;
      const [middle, spread] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
      const [across, along] = [middle - spread, middle + spread]; // the lower one is the more negative
      if (across >= 0) continue;
      strength[i] = -across;
      roundness[i] = Math.max(0, along / across);
    }
  return { strength, roundness };
}
