// A model of random weights whose compartments and crops are those of the fixture atlas, and such an atlas with all that
// an evaluation needs: unseen proteins of both kinds, seen ones, and crops of known proteins.

import { type ModelShape, randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import { imageCompartments } from "../data/atlas/compartments.ts";
import {
  cropRow,
  fixtureSide,
  localisationRow,
  proteinRow,
  randomSequence,
  writeAtlas,
} from "./atlas-fixture.ts";

export const judgedShape: ModelShape = {
  ...tinyShape,
  constants: { ...tinyShape.constants, cropPixels: fixtureSide },
  localization: { ...tinyShape.localization, labels: imageCompartments },
  unet: { ...tinyShape.unet, sampleSize: fixtureSide / 4 },
  classifier: { ...tinyShape.classifier, labels: imageCompartments, classes: imageCompartments.length },
};

export function judgedModelFiles(): Map<string, Uint8Array> {
  return randomModelFiles(judgedShape);
}

/** Two compartments; four proteins of OpenCell's validation set, four of the held-out partition, eight seen, four kept. */
export function writeJudgedAtlas() {
  const compartmentOf = (index: number) => (index % 2 === 0 ? "nucleoplasm" : "cytoplasm");
  const sequence = (index: number) => randomSequence(index, 20 + index, index % 2 === 0 ? "KR" : "DE");
  const proteins = Array.from({ length: 8 }, (_, index) => ({
    ...proteinRow,
    ...{ id: `OC${index}`, ensg: `E${index}`, uniprot: `P${index}`, cluster: index },
    ...{ compartments: `${compartmentOf(index)}:3`, sequence: sequence(index) },
    split_protein: index < 4 ? "val" : "train",
  }));
  const localisation = Array.from({ length: 12 }, (_, index) => ({
    ...localisationRow,
    ...{ accession: `Q${index}`, compartments: compartmentOf(index), sequence: sequence(100 + index) },
    partition: ["4.0", "0.0", "3.0"][Math.floor(index / 4)]!,
  }));
  const crops = Array.from({ length: 24 }, (_, index) => {
    const primary = compartmentOf(index);
    const uniprot = index < 6 ? `P${index + 2}` : "";
    return {
      ...{ ...cropRow, index, primary, uniprot, gene: uniprot, compartments: `${primary}:1` },
      ...{ FOV_id: `field${Math.floor(index / 2)}`, split_image: index < 16 ? "train" : "val" },
    };
  });
  return writeAtlas({ proteins, localisation, crops });
}
