// Plasma membrane: a thin closed bright line on the border of each cell, twice as bright where two cells touch, at times
// with ruffles, and in flat cells the faint sheet above and below the focus.

import { createCanvas, drawThread } from "../canvas.ts";
import { isCytoplasm } from "../cell-field.ts";
import { choosePlaces, fillCells, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export function renderPlasmaMembrane(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const level = draws.logBetween(0.04, 0.35);
  const sheet = fillCells(scene, {
    cytoplasm: level,
    nucleus: level * draws.between(0.3, 0.9),
    texture: draws.between(0.05, 0.3),
    featurePixels: draws.between(1.5, 5),
    thinningPixels: 1,
  });
  const noise = smoothNoise(field.side, draws.between(4, 12), draws);
  const unevenness = draws.between(0.05, 0.35);
  const width = draws.between(0.4, 0.9);
  const ruffles = createCanvas(field.side);
  if (draws.chance(0.3)) {
    const density = draws.logBetween(0.03, 0.3);
    for (const [index, cell] of field.cells.entries()) {
      const isBorder = (pixel: number) => isCytoplasm(field, pixel) && field.edge[pixel]! < 2;
      const place = choosePlaces(scene, cell, (pixel) => (isBorder(pixel) ? 1 : 0));
      if (place === undefined) continue;
      const count = Math.ceil(density * cell.pixels.filter(isBorder).length);
      for (let ruffle = 0; ruffle < count; ruffle++) {
        const start = place();
        const angle = Math.atan2(cell.centre.y - start.y, cell.centre.x - start.x) + draws.between(-0.6, 0.6);
        const shape = { start, angle, lengthPixels: draws.between(1, 6), bend: 0.1 };
        const isNear = (pixel: number) => field.owner[pixel] === index && field.edge[pixel]! < 6;
        drawThread(ruffles, { ...shape, height: draws.between(0.3, 1.2) }, draws, isNear);
      }
    }
  }
  return sheet.map((value, pixel) => {
    if (field.owner[pixel]! < 0) return value;
    const line = Math.exp(-((field.edge[pixel]! - 0.5) ** 2) / (2 * width * width));
    return value + line * Math.max(0.1, 1 + unevenness * noise[pixel]!) + ruffles.plane[pixel]!;
  });
}
