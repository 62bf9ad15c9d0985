// The microscope: light spreads by a Gaussian point-spread function, the camera counts photons (Poisson, by its normal
// approximation) and adds read noise, and the picture is stretched between two percentiles to 8 bits, as the crops of
// an atlas are.

import type { CellField } from "./cell-field.ts";
import type { Draws } from "./draws.ts";

/** Bytes [N, N] of light [N, N] in which 1 is a bright structure. */
export function takePicture(light: Float32Array, { owner, cells }: CellField, draws: Draws): Uint8Array {
  const photons = draws.logBetween(60, 3000); // of light 1
  const readNoise = draws.logBetween(0.001, 0.012);
  const noise = draws.normals(light.length);
  const seen = light.map(
    (value, pixel) => value + Math.sqrt(value / photons + readNoise ** 2) * noise[pixel]!,
  );
  const [low, high] = limitsOf(seen);
  const headroom = draws.between(0.75, 1.1); // the brightest of the field may lie outside the crop
  const isCutOut = cells.length === 1 && draws.chance(0.5); // single cells are shown on black
  return Uint8Array.from(seen, (value, pixel) => {
    if (isCutOut && owner[pixel]! < 0) return 0;
    const stretched = ((value - low) / Math.max(high - low, 1e-6)) * headroom;
    return Math.round(255 * Math.min(1, Math.max(0, stretched)));
  });
}

/** The brightness above which one pixel in 500 lies. */
export function brightestOf(light: Float32Array): number {
  return limitsOf(light)[1];
}

// The 1st and 99.8th percentile.
function limitsOf(light: Float32Array): [low: number, high: number] {
  const sorted = light.toSorted();
  return [sorted[Math.floor(0.01 * (sorted.length - 1))]!, sorted[Math.floor(0.998 * (sorted.length - 1))]!];
}
