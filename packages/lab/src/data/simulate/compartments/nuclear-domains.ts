// Nuclear domains - speckles, bodies: some five to thirty small spots in each nucleus, of uneven size and brightness.
// Little of their light falls outside it.

import { createCanvas, stampSpot } from "../canvas.ts";
import { choosePlaces, type Scene } from "../scene.ts";

export function renderNuclearDomains(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const most = draws.logBetween(8, 40);
  const size = draws.between(0.4, 1.2);
  const unevenness = draws.between(0.1, 0.7);
  for (const [index, cell] of field.cells.entries()) {
    const place = choosePlaces(scene, cell, (pixel) =>
      field.depth[pixel]! > 2 && field.owner[pixel] === index ? 1 : 0,
    );
    if (place === undefined) continue;
    const count = Math.ceil(most * draws.between(0.7, 1.1));
    for (let spot = 0; spot < count; spot++) {
      const height = Math.exp(unevenness * draws.normal());
      stampSpot(canvas, place(), size * draws.between(0.8, 1.4), height);
    }
  }
  return canvas.plane.map((value, pixel) => (field.depth[pixel]! > 0 ? value : 0.2 * value));
}
