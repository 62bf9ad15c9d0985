// One simulated crop: a compartment's protein in cells around real nuclei, as a microscope would show it. A pure function
// of the nuclei, the compartment, the seed and the number of the crop.

import { type CellField, growCells, isCytoplasm } from "./cell-field.ts";
import { compartmentLooks, type ImageCompartment } from "./compartments/renderers.ts";
import { createDraws, type Draws } from "./draws.ts";
import { gaussianBlur } from "./gaussian-blur.ts";
import { brightestOf, takePicture } from "./imaging.ts";
import type { NucleusPicture } from "./nucleus-pictures.ts";
import { fillCells } from "./scene.ts";

const attempts = 4;

/**
 * Bytes [N, N, 3] as an atlas stores them: protein, nucleus, mask (0 or 255); undefined where these nuclei have no room
 * for the compartment.
 */
export function simulateCrop(
  picture: NucleusPicture,
  compartment: ImageCompartment,
  { seed, index }: { readonly seed: number; readonly index: number },
): Uint8Array | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const draws = createDraws(seed, "simulated crop", index, attempt);
    const field = growCells(picture.labels, picture.side, draws);
    const light = lightUp(picture, field, compartment, draws);
    if (light !== undefined) return interleave(takePicture(light, field, draws), picture);
  }
  return undefined;
}

/** Structure and diffuse dye of all cells, blurred; undefined if there is no structure. [N, N] */
function lightUp(
  { nucleus, side }: NucleusPicture,
  field: CellField,
  compartment: ImageCompartment,
  draws: Draws,
): Float32Array | undefined {
  const { render, diffuse, over } = compartmentLooks[compartment];
  // What is seen over nuclei alone does not show where it is.
  if (over[1] > 0 && !field.depth.some((_, pixel) => isCytoplasm(field, pixel))) return undefined;
  const overlap = draws.between(...over);
  const scene = { field, nucleus: Float32Array.from(nucleus, (value) => value / 255), overlap, draws };
  const blur = draws.logBetween(0.45, 1.2);
  const byCell = (plane: Float32Array) =>
    plane.map((value, pixel) => value * (field.cells[field.owner[pixel]!]?.brightness ?? 1));
  const structure = gaussianBlur(byCell(render(scene)), side, blur);
  const brightest = brightestOf(structure);
  if (!(brightest > 0)) return undefined;
  const fill = fillCells(scene, {
    cytoplasm: draws.logBetween(...diffuse.cytoplasm),
    nucleus: draws.logBetween(...diffuse.nucleus),
    texture: draws.between(0.05, 0.6),
    featurePixels: draws.logBetween(1.2, 6),
    thinningPixels: draws.logBetween(1, 8),
  });
  const haze = gaussianBlur(byCell(fill), side, blur);
  return structure.map((value, pixel) => Math.max(0, value / brightest + haze[pixel]!));
}

function interleave(protein: Uint8Array, { nucleus, labels }: NucleusPicture): Uint8Array {
  const bytes = new Uint8Array(3 * protein.length);
  for (const [pixel, value] of protein.entries()) {
    bytes.set([value, nucleus[pixel]!, labels[pixel]! > 0 ? 255 : 0], 3 * pixel);
  }
  return bytes;
}
