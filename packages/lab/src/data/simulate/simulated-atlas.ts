// Simulated crops as an atlas keeps them: rows of crops.csv and the pixels of crops_u8.npy, every compartment as often
// as the others.

import { writeCsv } from "@proteoscope/formats";
import { imageCompartments } from "../atlas/compartments.ts";
import { simulatedSource } from "../atlas/tables.ts";
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

/** crops.csv of simulated crops. */
export function simulatedTable(crops: readonly Omit<SimulatedCrop, "bytes">[]): string {
  const rows = crops.map(({ index, compartment, nuclei }) => ({
    ...{ index, source: simulatedSource, sub_source: nuclei.source, gene: "", uniprot: "" },
    ...{ compartments: `${compartment}:1.00`, primary: compartment, FOV_id: nuclei.fieldOfView },
    ...{ um_per_px: "0.4126", nucleus_kind: "real", synthetic_mix: 0, licence: nuclei.licence },
    ...{ split_image: "train", quality: "1.0", label_consistency: "1.0", exclude: 0 },
  }));
  return writeCsv(rows, Object.keys(rows[0] ?? {}));
}
