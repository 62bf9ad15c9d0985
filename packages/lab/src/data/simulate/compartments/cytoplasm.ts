// Cytoplasm: everywhere outside the nucleus, thinner towards the border, with dark holes where organelles are. What lies
// above and below the nucleus is seen in it, more or less.

import { isCytoplasm } from "../cell-field.ts";
import { fillCells, type Scene } from "../scene.ts";
import { smoothNoise } from "../smooth-noise.ts";

export function renderCytoplasm(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const dye = fillCells(scene, {
    cytoplasm: 1,
    nucleus: draws.logBetween(0.2, 0.9),
    texture: draws.between(0.05, 0.8),
    featurePixels: draws.logBetween(1.2, 6),
    thinningPixels: draws.logBetween(1, 12),
  });
  const holes = smoothNoise(field.side, draws.between(3, 6), draws);
  const holesFrom = draws.between(1.2, 3);
  const reach = draws.logBetween(15, 150);
  return dye.map((value, pixel) => {
    if (!isCytoplasm(field, pixel)) return value;
    const hole = Math.min(0.8, Math.max(0, holes[pixel]! - holesFrom));
    return value * (1 - hole) * Math.exp(field.depth[pixel]! / reach);
  });
}
