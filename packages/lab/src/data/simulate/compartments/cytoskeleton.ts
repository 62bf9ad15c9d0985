// Cytoskeleton, of three kinds: microtubules, a dense network of long curved filaments that is closest beside the nucleus
// and goes on dimmer above it; straight parallel stress fibres; and actin under the border.

import { createCanvas, drawThread } from "../canvas.ts";
import type { SimulatedCell } from "../cell-field.ts";
import { choosePlaces, cytoplasmicShare, fillCells, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export function renderCytoskeleton(scene: Scene): Float32Array {
  const kind = scene.draws.between(0, 1);
  if (kind < 0.65) return drawMicrotubules(scene);
  if (kind < 0.8) return drawStressFibres(scene);
  return drawCortex(scene);
}

function drawMicrotubules(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const density = draws.logBetween(0.05, 0.2); // filaments per pixel of cell
  const bend = draws.between(0.05, 0.16);
  const reach = draws.logBetween(10, 60);
  return drawFilaments(scene, (cell, isOwn) => {
    const centre = organizingCentre(scene, cell, isOwn);
    const weightOf = (pixel: number) =>
      isOwn(pixel) ? Math.exp(Math.min(0, field.depth[pixel]!) / reach) : 0;
    const place = choosePlaces(scene, cell, weightOf)!;
    return Array.from({ length: Math.ceil(density * cell.pixels.length) }, () => {
      const start = draws.chance(0.1) ? centre : place();
      const outwards = Math.atan2(start.y - centre.y, start.x - centre.x);
      const angle = outwards + 0.8 * draws.normal();
      return { start, angle, lengthPixels: draws.between(12, 70), bend, endsAtBorder: true };
    });
  });
}

function drawStressFibres(scene: Scene): Float32Array {
  const { draws } = scene;
  const density = draws.logBetween(0.008, 0.03);
  return drawFilaments(scene, (cell, isOwn) => {
    const place = choosePlaces(scene, cell, (pixel) => (isOwn(pixel) ? 1 : 0))!;
    return Array.from({ length: Math.ceil(density * cell.pixels.length) }, () => {
      const [start, lengthPixels] = [place(), draws.between(10, 30)];
      const angle = cell.axis + 0.12 * draws.normal();
      const fibre = { start, lengthPixels, bend: 0.02, endsAtBorder: true };
      return [angle, angle + Math.PI].map((direction) => ({ ...fibre, angle: direction }));
    }).flat();
  });
}

type Filament = Omit<Parameters<typeof drawThread>[1], "height">;

/** Draws the filaments that `make` lays into each cell, dimmer over nuclei. */
function drawFilaments(
  scene: Scene,
  make: (cell: SimulatedCell, isOwn: (pixel: number) => boolean) => Filament[],
): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => field.owner[pixel] === index && cytoplasmicShare(scene, pixel) > 0;
    if (!cell.pixels.some(isOwn)) continue;
    for (const filament of make(cell, isOwn))
      drawThread(canvas, { ...filament, height: draws.logBetween(0.3, 1) }, draws, isOwn);
  }
  return canvas.plane.map((value, pixel) => value * cytoplasmicShare(scene, pixel));
}

function organizingCentre(scene: Scene, cell: SimulatedCell, isOwn: (pixel: number) => boolean) {
  const { depth } = scene.field;
  const isBeside = (pixel: number) => isOwn(pixel) && depth[pixel]! < 0 && depth[pixel]! > -6;
  return choosePlaces(scene, cell, (pixel) => (isBeside(pixel) ? 1 : 0))?.() ?? cell.centre;
}

function drawCortex(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const within = draws.between(0.15, 0.5);
  const body = fillCells(scene, { cytoplasm: within, nucleus: 0.5 * within, texture: 0.3, featurePixels: 4 });
  const noise = smoothNoise(field.side, draws.between(6, 14), draws);
  const width = draws.between(1.2, 3);
  return body.map((value, pixel) => {
    if (field.owner[pixel]! < 0 || field.depth[pixel]! > 0) return value;
    const cortex = Math.exp(-field.edge[pixel]! / width);
    return value + cortex * Math.max(0, 0.8 + 0.7 * noise[pixel]!);
  });
}
