// Where nucleoli lie: one to five rounded bodies per nucleus, in the holes of the DNA stain where it shows any. Shared by
// what lights them up and what leaves them dark.

import type { Point } from "../canvas.ts";
import { gaussianBlur } from "../gaussian-blur.ts";
import { choosePlaces, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export interface NucleolusSite {
  readonly centre: Point;
  /** Of a disc of the body's area, in pixels. */
  readonly radius: number;
  /** Length over width. */
  readonly elongation: number;
  /** Direction of the length, in radians. */
  readonly axis: number;
}

const holeScales = [1.5, 3]; // pixels: holes of small and of large nucleoli
const preference = 3.5; // how much likelier a place becomes with each standard deviation of darkness

/** The nucleoli of every cell. */
export function placeNucleoli(scene: Scene): NucleolusSite[] {
  const { field, draws } = scene;
  const depths = holeDepths(scene);
  return field.cells.flatMap((cell, index) => {
    const count = draws.whole(1, 5);
    const sites: NucleolusSite[] = [];
    for (let site = 0; site < count; site++) {
      const radius = cell.nuclearRadius * draws.between(0.13, count > 2 ? 0.22 : 0.32);
      const shape = { radius, elongation: draws.logBetween(1, 1.5), axis: draws.between(0, Math.PI) };
      const centre = choosePlaces(scene, cell, (pixel) => {
        const isInside = field.depth[pixel]! > radius + 1.5 && field.owner[pixel] === index;
        const isFree = sites.every(
          (other) => distanceTo(other.centre, pixel, field.side) > other.radius + radius,
        );
        return isInside && isFree ? Math.exp(preference * depths[pixel]!) : 0;
      })?.();
      if (centre !== undefined) sites.push({ centre, ...shape });
    }
    return sites;
  });
}

/** How dark the stain is at a place, in standard deviations of its own nucleus, at the scale that shows most. [N, N] */
function holeDepths({ field, nucleus }: Scene): Float32Array {
  const depths = new Float32Array(nucleus.length);
  for (const sigma of holeScales) {
    const stain = gaussianBlur(nucleus, field.side, sigma);
    for (const [index, { pixels }] of field.cells.entries()) {
      const inner = pixels.filter((pixel) => field.depth[pixel]! > 3 && field.owner[pixel] === index);
      const mean = inner.reduce((sum, pixel) => sum + stain[pixel]!, 0) / inner.length;
      const square = inner.reduce((sum, pixel) => sum + (stain[pixel]! - mean) ** 2, 0) / inner.length;
      const deviation = Math.sqrt(square) + 0.01; // an even stain says nothing
      for (const pixel of inner) {
        const depth = Math.min(3, (mean - stain[pixel]!) / deviation);
        depths[pixel] = Math.max(depths[pixel]!, depth);
      }
    }
  }
  return depths;
}

function distanceTo({ x, y }: Point, pixel: number, side: number): number {
  return Math.hypot((pixel % side) - x, Math.floor(pixel / side) - y);
}

/** 1 in the bodies, 0 outside, with soft borders that wave a little. [N, N] */
export function nucleolusShape(scene: Scene, sites: readonly NucleolusSite[]): Float32Array {
  const { field, draws } = scene;
  const noise = smoothNoise(field.side, 7, draws);
  const waviness = draws.between(0.03, 0.2);
  const shape = new Float32Array(field.side ** 2);
  for (const { centre, radius, elongation, axis } of sites) {
    const [cos, sin, stretch] = [Math.cos(axis), Math.sin(axis), Math.sqrt(elongation)];
    for (let pixel = 0; pixel < shape.length; pixel++) {
      const [x, y] = [(pixel % field.side) - centre.x, Math.floor(pixel / field.side) - centre.y];
      const distance = Math.hypot((x * cos + y * sin) / stretch, (y * cos - x * sin) * stretch);
      if (distance > 2 * radius + 1 || field.depth[pixel]! < 0) continue;
      const reach = radius * (1 + waviness * noise[pixel]!);
      shape[pixel] = Math.max(shape[pixel]!, Math.min(1, Math.max(0, reach - distance + 0.5)));
    }
  }
  return shape;
}
