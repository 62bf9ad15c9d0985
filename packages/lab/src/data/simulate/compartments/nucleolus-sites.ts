// Where nucleoli lie: round bodies inside nuclei, one to five a nucleus, where the DNA stain is dark. Shared by what
// lights them up and what leaves them dark.

import type { Point } from "../canvas.ts";
import { gaussianBlur } from "../gaussian-blur.ts";
import { choosePlaces, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export interface NucleolusSite {
  readonly centre: Point;
  readonly radius: number;
}

/** The nucleoli of every cell. */
export function placeNucleoli(scene: Scene): NucleolusSite[] {
  const { field, nucleus, draws } = scene;
  const stain = gaussianBlur(nucleus, field.side, 1.5);
  return field.cells.flatMap((cell, index) => {
    const count = draws.whole(1, 5);
    const sites: NucleolusSite[] = [];
    for (let site = 0; site < count; site++) {
      const radius = cell.nuclearRadius * draws.between(0.13, count > 2 ? 0.24 : 0.34);
      const centre = choosePlaces(scene, cell, (pixel) => {
        const isInside = field.depth[pixel]! > radius + 1.5 && field.owner[pixel] === index;
        return isInside ? Math.exp(-9 * stain[pixel]!) : 0;
      })?.();
      const isApart = (other: NucleolusSite) =>
        Math.hypot(other.centre.x - centre!.x, other.centre.y - centre!.y) > other.radius + radius;
      if (centre !== undefined && sites.every(isApart)) sites.push({ centre, radius });
    }
    return sites;
  });
}

/** 1 in the bodies, 0 outside, with irregular soft borders. [N, N] */
export function nucleolusShape(scene: Scene, sites: readonly NucleolusSite[]): Float32Array {
  const { field, draws } = scene;
  const noise = smoothNoise(field.side, 3, draws);
  const irregularity = draws.between(0.05, 0.35);
  const shape = new Float32Array(field.side ** 2);
  for (const { centre, radius } of sites) {
    for (let pixel = 0; pixel < shape.length; pixel++) {
      const distance = Math.hypot((pixel % field.side) - centre.x, Math.floor(pixel / field.side) - centre.y);
      if (distance > 2 * radius + 1 || field.depth[pixel]! < 0) continue;
      const reach = radius * (1 + irregularity * noise[pixel]!);
      shape[pixel] = Math.max(shape[pixel]!, Math.min(1, Math.max(0, reach - distance + 0.5)));
    }
  }
  return shape;
}
