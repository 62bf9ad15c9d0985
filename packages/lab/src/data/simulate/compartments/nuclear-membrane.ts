// Nuclear membrane: a thin bright rim on the nuclear border, at times a fold across the nucleus. The membrane above and
// below the focus fills the nucleus weakly.

import { createCanvas, drawThread } from "../canvas.ts";
import { choosePlaces, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export function renderNuclearMembrane(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const noise = smoothNoise(field.side, draws.between(3, 9), draws);
  const unevenness = draws.between(0, 0.35);
  const width = draws.between(0.2, 0.5);
  const within = draws.logBetween(0.01, 0.2); // the membrane above and below the focus
  const folds = createCanvas(field.side);
  for (const [index, cell] of field.cells.entries()) {
    if (!draws.chance(0.3)) continue;
    const isOwn = (pixel: number) => field.depth[pixel]! > 0 && field.owner[pixel] === index;
    const start = choosePlaces(scene, cell, (pixel) => (isOwn(pixel) && field.depth[pixel]! < 3 ? 1 : 0))?.();
    if (start === undefined) continue;
    const angle = Math.atan2(cell.centre.y - start.y, cell.centre.x - start.x) + draws.between(-0.8, 0.8);
    const lengthPixels = cell.nuclearRadius * draws.between(0.4, 1.6);
    drawThread(
      folds,
      { start, angle, lengthPixels, bend: 0.1, height: draws.between(0.3, 0.9) },
      draws,
      isOwn,
    );
  }
  return field.depth.map((depth, pixel) => {
    const rim = Math.exp(-((Math.abs(depth) - 0.5) ** 2) / (2 * width * width));
    const inside = depth > 0 ? within + folds.plane[pixel]! : 0;
    return rim * Math.max(0.2, 1 + unevenness * noise[pixel]!) + inside;
  });
}
