// The crops and proteins of an atlas folder that image models learn from and are validated on. A crop of a held-out protein
// is in neither; a crop of unknown protein goes by its field of view.

import { isTrainingCrop, splitSequences, splitsByUniprot } from "./splits.ts";
import { type Crop, type Protein, readCrops, readLocalisation, readProteins } from "./tables.ts";

/** Crops and proteins of a run. */
export interface ImageData {
  /** Crops for training. */
  readonly training: readonly Crop[];
  /** Single cells of other fields of view, of proteins that are not held out: seen proteins, unseen images. */
  readonly validation: readonly Crop[];
  /** Human proteins for training. */
  readonly proteins: readonly Protein[];
}

/** Reads the tables of an atlas folder. @throws FormatError */
export async function readImageData(folder: string): Promise<ImageData> {
  const { crops } = await readCrops(folder);
  const human = await readProteins(folder);
  const splits = splitSequences([...human, ...(await readLocalisation(folder))]).slice(0, human.length);
  const byUniprot = splitsByUniprot(human, splits);
  const isHeldOut = ({ uniprot }: Crop) =>
    uniprot !== undefined && (byUniprot.get(uniprot) ?? "train") !== "train";
  return {
    training: crops.filter((crop) => isTrainingCrop(crop, byUniprot)),
    validation: crops.filter((crop) => crop.split === "val" && !crop.isBlend && !isHeldOut(crop)),
    proteins: human.filter((_, index) => splits[index] === "train"),
  };
}
