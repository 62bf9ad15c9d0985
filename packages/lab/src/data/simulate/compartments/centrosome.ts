// Centrosome: one spot, or two close together, beside each nucleus, over a weak cytoplasm; at times with satellites,
// small spots around it.

import { createCanvas, stampSpot } from "../canvas.ts";
import { isCytoplasm } from "../cell-field.ts";
import { choosePlaces, type Scene } from "../scene.ts";

export function renderCentrosome(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const size = draws.between(0.8, 1.5);
  const satellites = draws.chance(0.4) ? draws.whole(2, 12) : 0;
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => field.owner[pixel] === index && isCytoplasm(field, pixel);
    const place = choosePlaces(scene, cell, (pixel) =>
      isOwn(pixel) && field.depth[pixel]! > -7 ? field.edge[pixel]! : 0,
    );
    if (place === undefined) continue;
    const centre = place();
    stampSpot(canvas, centre, size, 1);
    if (draws.chance(0.5)) {
      const angle = draws.between(0, 2 * Math.PI);
      const apart = draws.between(2, 4.5);
      const second = { x: centre.x + apart * Math.cos(angle), y: centre.y + apart * Math.sin(angle) };
      stampSpot(canvas, second, size * draws.between(0.8, 1.1), draws.between(0.5, 1));
    }
    for (let satellite = 0; satellite < satellites; satellite++) {
      const near = { x: centre.x + 4 * draws.normal(), y: centre.y + 4 * draws.normal() };
      stampSpot(canvas, near, 0.6, draws.between(0.1, 0.4));
    }
  }
  return canvas.plane;
}
