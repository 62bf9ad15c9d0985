// The columns of the tables of a data set (docs/data-set.md). Columns that a table has beyond these are kept and ignored, so
// that an import may write what it measured.

import { z } from "zod";
import { filledText, idList, labels, optionalText, partition, text, wholeNumber } from "../atlas/columns.ts";
import { sequenceSplits } from "../atlas/records.ts";

const optionalShare = text
  .refine((cell) => cell === "" || (Number(cell) >= 0 && Number(cell) <= 1), "is not between 0 and 1")
  .transform((cell) => (cell === "" ? 1 : Number(cell)));

const optionalSize = text
  .refine((cell) => cell === "" || Number(cell) > 0, "is no size above 0")
  .transform((cell) => (cell === "" ? undefined : Number(cell)));

const optionalFlag = z
  .enum(["", "0", "1"], "is neither 0 nor 1")
  .transform((cell) => (cell === "" ? undefined : cell === "1"));

/** crops: one row per crop. */
export const cropColumns = z.object({
  index: wholeNumber,
  field: filledText,
  /** Id of the table of proteins; empty where the protein is unknown. */
  protein: optionalText,
  /** Compartments of this crop, where they are not those of the protein. */
  compartments: labels.optional(),
  quality: optionalShare.optional(),
  label_consistency: optionalShare.optional(),
  /** A reason to leave the crop out, or nothing. */
  exclude: optionalText.optional(),
  /** 1 for an average of two cells. */
  blend: optionalFlag.optional(),
  /** 0 where the nucleus channel was made from the protein channel. */
  dna_stain: optionalFlag.optional(),
});

/** fields: one row per field of view. */
export const fieldColumns = z.object({
  field: filledText,
  source: optionalText.optional(),
  licence: optionalText.optional(),
  cell_line: optionalText.optional(),
  /** Pixel size of the image that the crops were cut from. */
  pixel_size_microns: optionalSize.optional(),
});

/** proteins and sequences: one row per protein. */
export const proteinColumns = z.object({
  protein: filledText,
  source: optionalText.optional(),
  gene: optionalText,
  ensembl: optionalText.optional(),
  uniprot: optionalText.optional(),
  compartments: labels.optional(),
  sequence: text.regex(/^[A-Z]*$/, "is not a sequence of residues").optional(),
  /** 0 for a protein of another organism. */
  human: optionalFlag.optional(),
  cluster: optionalText.optional(),
  partition: partition.optional(),
  leak_of: idList.optional(),
  same_as: optionalText.optional(),
});

/** Words of the table of splits; val of a protein is what others call calibration. */
export const splitWords = ["train", "val", ...sequenceSplits.slice(1)] as const;
/** One of `splitWords`. */
export type SplitWord = (typeof splitWords)[number];

/** A column of the table of splits, besides kind and id. */
export const splitColumn = z.enum(splitWords, `is none of ${splitWords.join(", ")}`);

/** splits: one row per protein and per field, one column per split. */
export const splitColumns = z.object({
  kind: z.enum(["protein", "field"], "is neither protein nor field"),
  id: filledText,
});
