// Smooth random planes (value noise): normal numbers on a coarse grid, joined by smoothstep interpolation. Outlines of
// cells and textures of dyes are made of them.

import type { Draws } from "./draws.ts";

/** A plane [N, N] of about zero mean and unit deviation whose features are so many pixels wide. */
export function smoothNoise(side: number, featurePixels: number, draws: Draws): Float32Array {
  const cells = Math.ceil(side / featurePixels) + 2;
  const grid = draws.normals(cells * cells);
  const offset = [draws.between(0, 1), draws.between(0, 1)] as const;
  const columns = Float64Array.from({ length: side }, (_, x) => x / featurePixels + offset[0]);
  const result = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    const v = y / featurePixels + offset[1];
    const row = Math.floor(v);
    const ty = ease(v - row);
    for (let x = 0; x < side; x++) {
      const column = Math.floor(columns[x]!);
      const tx = ease(columns[x]! - column);
      const at = row * cells + column;
      const top = grid[at]! + tx * (grid[at + 1]! - grid[at]!);
      const bottom = grid[at + cells]! + tx * (grid[at + cells + 1]! - grid[at + cells]!);
      result[y * side + x] = spread * (top + ty * (bottom - top));
    }
  }
  return result;
}

/** Octaves of smooth noise, each half as wide and as strong as the one before, to about unit deviation. */
export function cloudNoise(side: number, featurePixels: number, draws: Draws, octaves = 3): Float32Array {
  const result = new Float32Array(side * side);
  let square = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const strength = 0.6 ** octave;
    const layer = smoothNoise(side, Math.max(1.2, featurePixels / 2 ** octave), draws);
    for (let i = 0; i < result.length; i++) result[i]! += strength * layer[i]!;
    square += strength ** 2;
  }
  return result.map((value) => value / Math.sqrt(square));
}

const spread = 1.35; // interpolation averages neighbours: this brings the deviation back to about 1

const ease = (t: number): number => t * t * (3 - 2 * t);
