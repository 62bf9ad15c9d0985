// The finest detail that an image resolves, from where its spectrum meets noise (CELL-Diff, Zheng & Huang 2025): the image is
// scaled to a sum of 1000, its power is summed over rings of frequency, and the first ring of less than a threshold gives
// the resolution. It measures detail, not whether the detail is right: noise resolves as well.

import { openFrequencyBands, powerSpectrum } from "@proteoscope/imaging";

const total = 1000;
const threshold = 1e-3;

/**
 * Resolution of a plane [side, side] in the unit of `pixelSize`: side · pixelSize / i, where i is the first ring of power below
 * 1e-3, the last ring where there is none. NaN for a plane that sums to 0.
 */
export function resolvability(
  plane: ArrayLike<number>,
  side: number,
  pixelSize: number,
  spectrum: Float64Array = powerSpectrum(plane, side),
): number {
  let sum = 0;
  for (let i = 0; i < plane.length; i++) sum += plane[i]!;
  if (!(sum > 0)) return Number.NaN;
  const rings = ringPower(spectrum, side).map((power) => power * (total / sum) ** 2);
  const first = rings.findIndex((power) => power < threshold);
  return (side * pixelSize) / Math.max(1, first < 0 ? rings.length - 1 : first);
}

/** Power summed over rings of one cycle per image: ring i holds frequencies from i up to i + 1 cycles. */
export function ringPower(spectrum: Float64Array, side: number): Float64Array {
  const corner = Math.floor(side / 2);
  const rings = new Float64Array(Math.floor(Math.hypot(corner, corner)) + 1);
  const ringOf = ringsOf(side);
  for (let i = 0; i < spectrum.length; i++) rings[ringOf[i]!]! += spectrum[i]!;
  return rings;
}

const ringsOf = openFrequencyBands((x, y) => Math.floor(Math.hypot(x, y)));
