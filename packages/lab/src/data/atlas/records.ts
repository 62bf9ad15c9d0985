// What trainers and evaluations know of crops and proteins, whichever folder they were read from: an atlas, or a data set
// (../dataset). The readers stand in tables.ts and crop-pixels.ts.

/** A compartment by its name in the atlas; the weight is a share of the image (crops) or a grade 1-3 (OpenCell). */
export interface CompartmentLabel {
  readonly name: string;
  readonly weight: number;
}

export type Split = "train" | "val" | "test";

/** One image of a cell: row `index` of the pixel file. */
export interface Crop {
  readonly index: number;
  readonly source: string;
  readonly gene: string | undefined;
  readonly uniprot: string | undefined;
  readonly labels: readonly CompartmentLabel[];
  /** The compartment of the largest weight. */
  readonly primary: string;
  readonly cellLine: string | undefined;
  readonly fieldOfView: string;
  /** An average of two cells, made by the data set's authors. */
  readonly isBlend: boolean;
  /** All crops of a field of view are in one split. */
  readonly split: Split;
  /** 0 to 1: segmentation, focus, signal. */
  readonly quality: number;
  /** 0 to 1: whether the image shows what its label says, by a crude check. */
  readonly labelConsistency: number;
  /** Whether the nucleus channel is a DNA stain; otherwise it was made from the protein channel. */
  readonly hasDnaStain: boolean;
  readonly licence: string;
}

/** The source of simulated crops. */
export const simulatedSource = "simulated";

/** Whether a crop is a single cell from a microscope. */
export function isRealCell({ isBlend, source }: Crop): boolean {
  return !isBlend && source !== simulatedSource;
}

/** The source of proteins and crops of a simulated proteome, which are data of their own: they validate and test. */
export const simulatedProteomeSource = "simulated-proteome";

/** Whether a source grades its labels from 1, barely visible, to 3, and resolves the parts of nucleus and cytoplasm. */
export function isGraded(source: ProteinSource): boolean {
  return source === "opencell" || source === simulatedProteomeSource;
}

/**
 * The data set of a protein's labels: free text. "opencell" grades its labels from 1 to 3; DeepLoc's "deeploc2-human",
 * "deeploc2-swissprot", "deeploc2-hpa-test" and "hpa-test" name the nucleus and the cytoplasm as wholes; the labels of
 * any other source are taken as they stand.
 */
export type ProteinSource = string;

/** One sequence with its localisation labels. */
export interface Protein {
  readonly id: string;
  readonly source: ProteinSource;
  readonly gene: string | undefined;
  readonly ensg: string | undefined;
  readonly uniprot: string | undefined;
  readonly sequence: string;
  readonly labels: readonly CompartmentLabel[];
  readonly isHuman: boolean;
  /** DeepLoc 2.0 homology partition, 0 to 4. */
  readonly partition: number | undefined;
  /** Sequences of about 60 % identity have the same cluster; human table only. */
  readonly cluster: string | undefined;
  /** The split by protein of OpenCell. */
  readonly split: Split | undefined;
  /** Ids of OpenCell's validation and test proteins that this sequence resembles or equals. */
  readonly leakOf: readonly string[];
  /** The OpenCell record of the same protein. */
  readonly sameAs: string | undefined;
  /** The split that a data set's table gives it, where it gives one: it goes before all rules. */
  readonly assigned?: SequenceSplit | undefined;
}

/**
 * train: may be learned from. calibration: thresholds, early stopping. test: held-out partition. opencell: OpenCell's
 * validation and test proteins. external: the HPA test set, as far as it is new. unused: resembles a held-out one.
 */
export const sequenceSplits = ["train", "calibration", "test", "opencell", "external", "unused"] as const;
/** One of `sequenceSplits`. */
export type SequenceSplit = (typeof sequenceSplits)[number];

/** One crop as an image. */
export interface CropImage {
  readonly height: number;
  readonly width: number;
  /** [3, H, W]: protein, nucleus, distance. */
  readonly data: Float32Array;
}

/** The crops of a pixel file, read one at a time. */
export interface CropPixels {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The image of one row; it may be in the cache, so do not write into it. @throws FormatError for a row that is not there */
  read(index: number): Promise<CropImage>;
}

/** The content of crops.csv. */
export interface CropTable {
  readonly crops: readonly Crop[];
  /** Crops left out because their cell seems to be in another split too. */
  readonly excludedCount: number;
}
