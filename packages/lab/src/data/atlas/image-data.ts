// The crops and proteins of an atlas folder that image models learn from and are validated on. A crop of a held-out protein
// is in neither; a crop of unknown protein goes by its field of view.

import { isInFraction } from "./protein-fraction.ts";
import { isTrainingCrop, splitSequences, splitsByUniprot } from "./splits.ts";
import { type Crop, isRealCell, type Protein, readCrops, readLocalisation, readProteins } from "./tables.ts";

/** Crops and proteins of a run. */
export interface ImageData {
  /** Crops for training. */
  readonly training: readonly Crop[];
  /** Single cells of other fields of view, of proteins that are not held out: seen proteins, unseen images. */
  readonly validation: readonly Crop[];
  /** Single cells of human proteins of the calibration partition: unseen proteins. */
  readonly unseen: readonly Crop[];
  /** Human proteins for training. */
  readonly proteins: readonly Protein[];
  /** The proteins of `unseen`. */
  readonly unseenProteins: readonly Protein[];
}

export interface ImageDataOptions {
  /** Fraction of the training proteins; default 1. */
  readonly proteinFraction?: number;
  /** Chooses the fraction; default 0. */
  readonly seed?: number;
}

/** Reads the tables of an atlas folder. @throws FormatError */
export async function readImageData(
  folder: string,
  { proteinFraction = 1, seed = 0 }: ImageDataOptions = {},
): Promise<ImageData> {
  const { crops } = await readCrops(folder);
  const human = await readProteins(folder);
  const splits = splitSequences([...human, ...(await readLocalisation(folder))]).slice(0, human.length);
  const byUniprot = splitsByUniprot(human, splits);
  const isHeldOut = ({ uniprot }: Crop) =>
    uniprot !== undefined && (byUniprot.get(uniprot) ?? "train") !== "train";
  const isChosen = (protein: Protein) => isInFraction(protein, proteinFraction, seed);
  const leftOut = new Set(human.filter((protein) => !isChosen(protein)).map(({ uniprot }) => uniprot));
  const isLearned = ({ uniprot }: Crop) => uniprot === undefined || !leftOut.has(uniprot);
  const isUnseen = ({ uniprot }: Crop) => uniprot !== undefined && byUniprot.get(uniprot) === "calibration";
  const unseen = crops.filter((crop) => isRealCell(crop) && isUnseen(crop));
  const shown = new Set(unseen.map(({ uniprot }) => uniprot));
  return {
    training: crops.filter((crop) => isTrainingCrop(crop, byUniprot) && isLearned(crop)),
    validation: crops.filter(
      (crop) => crop.split === "val" && !crop.isBlend && !isHeldOut(crop) && isLearned(crop),
    ),
    unseen,
    proteins: human.filter((protein, index) => splits[index] === "train" && isChosen(protein)),
    unseenProteins: human.filter(
      ({ uniprot }, index) => splits[index] === "calibration" && shown.has(uniprot),
    ),
  };
}
