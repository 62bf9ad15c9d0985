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
    // The least value is the largest of the negative ones.
    const opened = largest(negative(largest(negative(plane), side, radius)), side, radius);
    const lost = new Float32Array(plane.length);
    for (let i = 0; i < lost.length; i++) lost[i] = Math.max(0, before[i]! - opened[i]!);
    before = opened;
    return { radius, lost };
  });
}

function negative(plane: Float32Array): Float32Array {
  const result = new Float32Array(plane.length);
  for (let i = 0; i < result.length; i++) result[i] = -plane[i]!;
  return result;
}

/**
 * Largest value under a disc around each pixel; what lies outside the plane does not count. A disc is a stack of rows: the
 * largest values of rows grow from those of shorter ones, and the stack is joined row by row.
 */
function largest(plane: Float32Array, side: number, radius: number): Float32Array {
  const result = new Float32Array(plane.length).fill(Number.NEGATIVE_INFINITY);
  const widest = (dy: number) => Math.floor(Math.sqrt((radius + 0.3) ** 2 - dy * dy));
  let row = plane;
  for (let reach = 0; reach <= radius; reach++) {
    if (reach > 0) row = widened(plane, row, side, reach);
    for (let dy = -radius; dy <= radius; dy++) if (widest(dy) === reach) raiseTo(result, row, dy * side);
  }
  return result;
}

/** Largest value within `reach` pixels along x, from that within one pixel less. */
function widened(plane: Float32Array, row: Float32Array, side: number, reach: number): Float32Array {
  const result = row.slice();
  for (let start = 0; start < plane.length; start += side)
    for (let x = reach; x < side; x++) {
      const [left, right] = [start + x - reach, start + x];
      if (plane[left]! > result[right]!) result[right] = plane[left]!;
      if (plane[right]! > result[left]!) result[left] = plane[right]!;
    }
  return result;
}

/** Raises each value to that of `other` `shift` positions on, where there is one. */
function raiseTo(values: Float32Array, other: Float32Array, shift: number): void {
  const end = Math.min(values.length, values.length - shift);
  for (let i = Math.max(0, -shift); i < end; i++) {
    const value = other[i + shift]!;
    if (value > values[i]!) values[i] = value;
  }
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
      const centre = plane[i]!;
      const xx = plane[i + 1]! + plane[i - 1]! - 2 * centre;
      const yy = plane[i + side]! + plane[i - side]! - 2 * centre;
      const falling = plane[i + side + 1]! + plane[i - side - 1]!;
      const rising = plane[i - side + 1]! + plane[i + side - 1]!;
      const xy = (falling - rising) / 4;
      const middle = (xx + yy) / 2;
      const half = (xx - yy) / 2;
      const spread = Math.sqrt(half * half + xy * xy); // hypot takes many times the time
      const across = middle - spread; // the lower one is the more negative
      const along = middle + spread;
      if (across >= 0) continue;
      strength[i] = -across;
      roundness[i] = Math.max(0, along / across);
    }
  return { strength, roundness };
}
