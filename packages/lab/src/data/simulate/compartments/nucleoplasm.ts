// Nucleoplasm: the whole nucleus with a fine texture that follows the DNA more or less, nucleoli dark. It falls off at
// the border, where a nucleus is thin.

import type { Scene } from "../scene.ts";
import { cloudNoise } from "../smooth-noise.ts";
import { nucleolusShape, placeNucleoli } from "./nucleolus-sites.ts";

export function renderNucleoplasm(scene: Scene): Float32Array {
  const { field, nucleus, draws } = scene;
  const nucleoli = nucleolusShape(scene, placeNucleoli(scene));
  const noise = cloudNoise(field.side, draws.between(2, 5), draws);
  const texture = draws.between(0.08, 0.35);
  const alongDna = draws.between(-0.3, 0.8);
  const darkness = draws.between(0, 0.9);
  return field.depth.map((depth, pixel) => {
    if (depth < 0) return 0;
    const grain = Math.max(0.1, 1 + texture * noise[pixel]! + alongDna * (nucleus[pixel]! - 0.6));
    const falloff = 1 - 0.4 * Math.exp(-depth / 1.5);
    return grain * falloff * (1 - darkness * nucleoli[pixel]!);
  });
}
