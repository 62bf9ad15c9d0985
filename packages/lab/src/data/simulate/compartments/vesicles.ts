// Vesicles - endosomes, lysosomes, peroxisomes, lipid droplets: some twenty to a hundred small round spots in the cytoplasm
// of each cell, gathered at the nucleus, spread evenly or kept to the outside, dimmer above the nucleus.

import { createCanvas, stampSpot } from "../canvas.ts";
import { choosePlaces, cytoplasmicShare, type Scene } from "../scene.ts";

export function renderVesicles(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const spots = draws.logBetween(25, 110); // of a cell of 2000 pixels of cytoplasm
  const gathering = draws.between(-0.05, 0.15); // a pixel outwards
  const size = draws.between(0.35, 0.85);
  const unevenness = draws.between(0.2, 0.9);
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => cytoplasmicShare(scene, pixel) > 0 && field.owner[pixel] === index;
    const place = choosePlaces(scene, cell, (pixel) =>
      isOwn(pixel) && field.edge[pixel]! > 1.5 ? Math.exp(gathering * Math.min(0, field.depth[pixel]!)) : 0,
    );
    if (place === undefined) continue;
    const count = Math.ceil((spots * cell.pixels.filter(isOwn).length) / 2000);
    for (let spot = 0; spot < count; spot++) {
      const height = Math.exp(unevenness * draws.normal());
      stampSpot(canvas, place(), size * draws.between(0.8, 1.5), height);
    }
  }
  return canvas.plane.map((value, pixel) => value * cytoplasmicShare(scene, pixel));
}
