// Cytoskeleton, of three kinds: microtubules that wind through the cell from a centre beside the nucleus, straight
// parallel stress fibres, and actin under the border.

import { createCanvas, drawThread } from "../canvas.ts";
import { isCytoplasm, type SimulatedCell } from "../cell-field.ts";
import { choosePlaces, fillCells, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export function renderCytoskeleton(scene: Scene): Float32Array {
  const kind = scene.draws.between(0, 1);
  if (kind < 0.45) return drawFilaments(scene, { bend: scene.draws.between(0.08, 0.25), isParallel: false });
  if (kind < 0.7) return drawFilaments(scene, { bend: 0.02, isParallel: true });
  return drawCortex(scene);
}

interface FilamentOptions {
  readonly bend: number;
  readonly isParallel: boolean;
}

function drawFilaments(scene: Scene, { bend, isParallel }: FilamentOptions): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const density = draws.logBetween(0.02, 0.12);
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => field.owner[pixel] === index && isCytoplasm(field, pixel);
    const place = choosePlaces(scene, cell, (pixel) => (isOwn(pixel) ? 1 : 0));
    if (place === undefined) continue;
    const count = Math.ceil(density * cell.pixels.filter(isOwn).length);
    const centre = organizingCentre(scene, cell, index);
    for (let filament = 0; filament < count; filament++) {
      const start = draws.chance(0.15) ? centre : place();
      const outwards = Math.atan2(start.y - centre.y, start.x - centre.x);
      const spread = isParallel ? 0.12 * draws.normal() : 0.7 * draws.normal();
      const angle = (isParallel ? cell.axis : outwards) + spread;
      const shape = {
        start,
        lengthPixels: draws.between(10, isParallel ? 30 : 60),
        bend,
        isStraight: isParallel,
      };
      const height = draws.logBetween(0.3, 1.2);
      drawThread(canvas, { ...shape, angle, height }, draws, isOwn);
      if (isParallel) drawThread(canvas, { ...shape, angle: angle + Math.PI, height }, draws, isOwn);
    }
  }
  return canvas.plane;
}

function organizingCentre(scene: Scene, cell: SimulatedCell, index: number) {
  const { depth, owner } = scene.field;
  const isBeside = (pixel: number) => owner[pixel] === index && depth[pixel]! < 0 && depth[pixel]! > -6;
  return choosePlaces(scene, cell, (pixel) => (isBeside(pixel) ? 1 : 0))?.() ?? cell.centre;
}

function drawCortex(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const within = draws.between(0.15, 0.5);
  const body = fillCells(scene, { cytoplasm: within, nucleus: 0.3 * within, texture: 0.3, featurePixels: 4 });
  const noise = smoothNoise(field.side, draws.between(6, 14), draws);
  const width = draws.between(1.2, 3);
  return body.map((value, pixel) => {
    if (field.owner[pixel]! < 0 || field.depth[pixel]! > 0) return value;
    const cortex = Math.exp(-field.edge[pixel]! / width);
    return value + cortex * Math.max(0, 0.8 + 0.7 * noise[pixel]!);
  });
}
