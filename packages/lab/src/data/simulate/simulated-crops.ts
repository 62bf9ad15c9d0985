// Simulated crops by their numbers: every compartment as often as the others, each crop a pure function of pictures, seed and
// number.

import { imageCompartments } from "../atlas/compartments.ts";
import type { ImageCompartment } from "./compartments/renderers.ts";
import { createDraws } from "./draws.ts";
import { createPictureSampler, type NucleusPicture } from "./nucleus-pictures.ts";
import { simulateCrop } from "./simulate-crop.ts";

/** One simulated crop with its compartment and the nucleus it was made around. */
export interface SimulatedCrop {
  readonly index: number;
  readonly compartment: ImageCompartment;
  /** Where its nuclei come from. */
  readonly nuclei: NucleusPicture;
  /** [N, N, 3]: protein, nucleus, mask. */
  readonly bytes: Uint8Array;
}

const mostPictures = 20;

/** The crop of each number: a pure function of the pictures, the seed and the number. */
export function createCropSimulator(
  pictures: readonly NucleusPicture[],
  seed: number,
): (index: number) => SimulatedCrop {
  const drawPicture = createPictureSampler(pictures);
  return (index) => {
    const compartment = imageCompartments[index % imageCompartments.length] as ImageCompartment;
    const draws = createDraws(seed, "nuclei", index);
    for (let tried = 0; tried < mostPictures; tried++) {
      const nuclei = drawPicture(draws);
      const bytes = simulateCrop(nuclei, compartment, { seed, index });
      if (bytes !== undefined) return { index, compartment, nuclei, bytes };
    }
    throw new RangeError(`no nuclei of ${mostPictures} have room for ${compartment}`);
  };
}
