// Nucleolus: one to five bright bodies in the nucleus - filled, as a bright shell, or as the grains of their fibrillar
// centres.

import { createCanvas, stampSpot } from "../canvas.ts";
import { gaussianBlur } from "../gaussian-blur.ts";
import type { Scene } from "../scene.ts";
import { nucleolusShape, placeNucleoli } from "./nucleolus-sites.ts";

export function renderNucleolus(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const sites = placeNucleoli(scene);
  const look = draws.between(0, 1);
  if (look < 0.3) {
    const canvas = createCanvas(field.side);
    const size = draws.between(0.5, 0.9);
    for (const { centre, radius } of sites) {
      const grains = draws.whole(5, 16);
      for (let grain = 0; grain < grains; grain++) {
        const [distance, angle] = [radius * Math.sqrt(draws.between(0, 1)), draws.between(0, 2 * Math.PI)];
        const place = {
          x: centre.x + distance * Math.cos(angle),
          y: centre.y + distance * Math.sin(angle),
        };
        stampSpot(canvas, place, size, draws.logBetween(0.4, 1.2));
      }
    }
    return canvas.plane;
  }
  const shape = nucleolusShape(scene, sites);
  if (look > 0.45) return shape;
  const core = gaussianBlur(shape, field.side, 1.8);
  return shape.map((value, pixel) => value * Math.max(0.25, 1.5 - 1.2 * core[pixel]!));
}
