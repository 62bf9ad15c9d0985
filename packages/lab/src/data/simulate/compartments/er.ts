// Endoplasmic reticulum: a fine network through the cytoplasm, densest at the nucleus and dimmer above it, and the nuclear
// envelope, which is part of it.

import { cytoplasmicShare, type Scene } from "../scene.ts";
import { cloudNoise, smoothNoise } from "../smooth-noise.ts";

export function renderEr(scene: Scene): Float32Array {
  const { field, draws } = scene;
  const meshes = [0, 1].map(() => smoothNoise(field.side, draws.between(2.5, 5), draws));
  const clouds = cloudNoise(field.side, draws.between(6, 14), draws);
  const thickness = draws.between(0.25, 0.5);
  const sheets = draws.between(0.2, 0.8);
  const reach = draws.logBetween(8, 40);
  const envelope = draws.between(0.1, 0.8);
  const patchiness = draws.between(0.1, 0.35);
  const grain = cloudNoise(field.side, draws.logBetween(1.2, 2.5), draws, 1);
  const graininess = draws.between(0, 0.4);
  return field.depth.map((depth, pixel) => {
    if (field.owner[pixel]! < 0) return 0;
    const rim = envelope * Math.exp(-((depth + 0.5) ** 2) / 2);
    const tubule = Math.max(...meshes.map((mesh) => Math.exp(-((mesh[pixel]! / thickness) ** 2))));
    const patch = Math.max(0.1, 1 + patchiness * clouds[pixel]! + graininess * grain[pixel]!);
    const thinning = 1 - Math.exp(-field.edge[pixel]! / 2);
    const level = (0.25 + Math.exp(Math.min(0, depth) / reach)) * cytoplasmicShare(scene, pixel);
    return (sheets + (1 - sheets) * tubule) * patch * level * thinning + rim;
  });
}
