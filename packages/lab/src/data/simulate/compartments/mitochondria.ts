// Mitochondria: short curved threads in the cytoplasm, denser near the nucleus and dimmer above it, from separate grains to
// long tubes.
// How many and how long is the same for all cells of a crop.

import { createCanvas, drawThread } from "../canvas.ts";
import { choosePlaces, cytoplasmicShare, type Scene } from "../scene.ts";

export function renderMitochondria(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const length = draws.logBetween(4, 30);
  const density = draws.logBetween(0.02, 0.08); // threads of 8 pixels, per pixel of cytoplasm
  const reach = draws.logBetween(4, 30);
  const bend = draws.between(0.15, 0.55);
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => cytoplasmicShare(scene, pixel) > 0 && field.owner[pixel] === index;
    const place = choosePlaces(scene, cell, (pixel) =>
      isOwn(pixel) && field.edge[pixel]! > 1.5
        ? cytoplasmicShare(scene, pixel) * Math.exp(Math.min(0, field.depth[pixel]!) / reach)
        : 0,
    );
    if (place === undefined) continue;
    const area = cell.pixels.filter(isOwn).length;
    const count = Math.ceil((area * density * 8) / (length + 4));
    for (let thread = 0; thread < count; thread++) {
      drawThread(
        canvas,
        {
          start: place(),
          angle: draws.between(0, 2 * Math.PI),
          lengthPixels: length * draws.logBetween(0.4, 2),
          ...{ bend, height: draws.logBetween(0.4, 1.4) },
        },
        draws,
        (pixel) => isOwn(pixel) && field.edge[pixel]! > 1,
      );
    }
  }
  return canvas.plane.map((value, pixel) => value * cytoplasmicShare(scene, pixel));
}
