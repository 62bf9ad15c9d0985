// Golgi apparatus: short stacked ribbons close together at one side of the nucleus or partly above it, at times broken into pieces, as in
// cells that are about to divide.

import { createCanvas, drawThread, stampSpot } from "../canvas.ts";
import { choosePlaces, cytoplasmicShare, type Scene } from "../scene.ts";

export function renderGolgi(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const canvas = createCanvas(field.side);
  const along = draws.logBetween(3.5, 9); // pixels from the middle of the apparatus, along the nucleus
  const across = draws.between(1.2, 3.2);
  const isRibbon = draws.chance(0.6);
  const nearest = draws.chance(0.4) ? 1 : -10; // to the nuclear border: beside the nucleus, or partly above it
  for (const [index, cell] of field.cells.entries()) {
    const isOwn = (pixel: number) => cytoplasmicShare(scene, pixel) > 0 && field.owner[pixel] === index;
    const middle = choosePlaces(scene, cell, (pixel) => {
      const distance = -field.depth[pixel]!;
      return isOwn(pixel) && distance > nearest && distance < 8 ? field.edge[pixel]! : 0;
    })?.();
    if (middle === undefined) continue;
    const outwards = Math.atan2(middle.y - cell.centre.y, middle.x - cell.centre.x);
    const pieces = draws.whole(8, 26);
    for (let piece = 0; piece < pieces; piece++) {
      const [u, v] = [along * draws.normal(), across * draws.normal()];
      const start = {
        x: middle.x - u * Math.sin(outwards) + v * Math.cos(outwards),
        y: middle.y + u * Math.cos(outwards) + v * Math.sin(outwards),
      };
      const pixel = Math.round(start.y) * field.side + Math.round(start.x);
      if (!isOwn(pixel)) continue;
      const height = draws.logBetween(0.4, 1.5);
      if (!isRibbon || draws.chance(0.3)) stampSpot(canvas, start, draws.between(0.6, 1.2), height);
      const angle = outwards + Math.PI / 2 + draws.between(-0.7, 0.7);
      const ribbon = { start, angle, lengthPixels: draws.between(2, 7), bend: 0.3, height: 1.6 * height };
      if (isRibbon)
        for (const turn of [0, Math.PI]) drawThread(canvas, { ...ribbon, angle: angle + turn }, draws, isOwn);
    }
  }
  return canvas.plane.map((value, pixel) => value * cytoplasmicShare(scene, pixel));
}
