// The tables of an atlas folder as typed records: crops.csv (images), proteins.csv (human sequences) and localisation.csv
// (sequences of all kingdoms). A cell that does not belong in its column is an error that names file, line and column,
// because a label that is dropped in silence trains a wrong model.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, readCsv } from "@proteoscope/formats";
import { z } from "zod";

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

export const proteinSources = [
  "opencell",
  "deeploc2-human",
  "hpa-test",
  "deeploc2-swissprot",
  "deeploc2-hpa-test",
  simulatedProteomeSource,
] as const;
/** The data set of a protein's labels. */
export type ProteinSource = (typeof proteinSources)[number];

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
}

/** The content of crops.csv. */
export interface CropTable {
  readonly crops: readonly Crop[];
  /** Crops left out because their cell seems to be in another split too. */
  readonly excludedCount: number;
}

const text = z.string();
const filledText = text.min(1, "is empty");
const optionalText = text.transform((cell) => (cell === "" ? undefined : cell));
const number = text
  .refine((cell) => cell.trim() !== "" && Number.isFinite(Number(cell)), "is not a number")
  .transform(Number);
const wholeNumber = number.refine((value) => Number.isInteger(value) && value >= 0, "is not a whole number");
const share = number.refine((value) => value >= 0 && value <= 1, "is not between 0 and 1");
const flag = z.enum(["0", "1"], "is neither 0 nor 1").transform((cell) => cell === "1");
const split = z.enum(["train", "val", "test"], "is none of train, val, test");
const optionalSplit = z
  .enum(["", "train", "val", "test"], "is none of train, val, test")
  .transform((cell) => (cell === "" ? undefined : cell));
const idList = text.transform((cell) => cell.split(";").filter((id) => id !== ""));
const sequence = text.regex(/^[A-Z]+$/, "is not a sequence of residues");
// Written as floating point by pandas, where a column has empty cells.
const partition = text
  .regex(/^([0-4](\.0)?)?$/, "is no partition 0 to 4")
  .transform((cell) => (cell === "" ? undefined : Number(cell)));
const labels = text.transform((cell, context) => {
  const parts = cell.split(";").filter((part) => part !== "");
  return parts.map((part): CompartmentLabel => {
    const [name = "", weight = "1"] = part.split(":");
    if (name !== "" && Number(weight) > 0) return { name, weight: Number(weight) };
    context.addIssue(`has a part "${part}" that is not name or name:weight`);
    return z.NEVER;
  });
});

const cropColumns = z.object({
  index: wholeNumber,
  source: filledText,
  gene: optionalText,
  uniprot: optionalText,
  compartments: labels.refine((list) => list.length > 0, "is empty"),
  primary: filledText,
  cell_line: optionalText.optional(),
  FOV_id: filledText,
  nucleus_kind: filledText,
  synthetic_mix: flag,
  licence: text,
  split_image: split,
  quality: share,
  label_consistency: share,
  exclude: flag,
});

const proteinColumns = z.object({
  id: filledText,
  source: z.enum(proteinSources, "is an unknown source"),
  gene: optionalText,
  ensg: optionalText,
  uniprot: optionalText,
  sequence,
  compartments: labels,
  homology_partition: partition,
  cluster: optionalText,
  split_protein: optionalSplit,
  leak_of: idList,
});

const localisationColumns = z.object({
  accession: filledText,
  source: z.enum(proteinSources, "is an unknown source"),
  gene: optionalText,
  ensg: optionalText,
  sequence,
  compartments: labels,
  partition,
  human: z.enum(["True", "False"], "is neither True nor False"),
  same_opencell_id: optionalText,
  leak_of: idList,
});

/** Reads crops.csv; crops marked `exclude` are dropped and counted. @throws FormatError */
export async function readCrops(folder: string): Promise<CropTable> {
  const rows = await readTable(folder, "crops.csv", cropColumns);
  const crops = rows.flatMap((row): Crop[] => {
    if (row.exclude) return [];
    const { index, source, gene, uniprot, primary, quality, licence } = row;
    return [
      {
        ...{ index, source, gene, uniprot, primary, quality, licence },
        labels: row.compartments,
        cellLine: row.cell_line,
        fieldOfView: row.FOV_id,
        isBlend: row.synthetic_mix,
        split: row.split_image,
        labelConsistency: row.label_consistency,
        hasDnaStain: row.nucleus_kind !== "from_protein",
      },
    ];
  });
  return { crops, excludedCount: rows.length - crops.length };
}

/** Reads proteins.csv: human proteins, one per row. @throws FormatError */
export async function readProteins(folder: string): Promise<Protein[]> {
  const rows = await readTable(folder, "proteins.csv", proteinColumns);
  return rows.map(({ compartments, homology_partition, split_protein, leak_of, ...rest }) => ({
    ...rest,
    labels: compartments,
    isHuman: true,
    partition: homology_partition,
    split: split_protein,
    leakOf: leak_of,
    sameAs: undefined,
  }));
}

/** Reads localisation.csv: the DeepLoc 2.0 sets of all kingdoms. @throws FormatError */
export async function readLocalisation(folder: string): Promise<Protein[]> {
  const rows = await readTable(folder, "localisation.csv", localisationColumns);
  return rows.map(({ accession, compartments, human, same_opencell_id, leak_of, ...rest }) => ({
    ...rest,
    id: accession,
    uniprot: rest.source === "deeploc2-swissprot" ? accession : undefined,
    labels: compartments,
    isHuman: human === "True",
    cluster: undefined,
    split: undefined,
    leakOf: leak_of,
    sameAs: same_opencell_id,
  }));
}

async function readTable<Columns extends z.ZodObject>(
  folder: string,
  name: string,
  columns: Columns,
): Promise<z.infer<Columns>[]> {
  const content = await readFile(join(folder, name), "utf8");
  const needed = Object.entries(columns.shape).filter(([, column]) => !column.safeParse(undefined).success);
  const rows = readCsv(content, { name, requireColumns: needed.map(([column]) => column) });
  return rows.map((row, index) => {
    const result = columns.safeParse(row);
    if (result.success) return result.data;
    const issue = result.error.issues[0]!;
    const column = String(issue.path[0]);
    const cell = JSON.stringify(row[column]?.slice(0, 40));
    throw new FormatError("atlas", `${name}, column ${column}: ${cell} ${issue.message}`, {
      line: index + 2, // one-based, after the header; no cell of an atlas holds a line break
      hint: "correct that cell",
    });
  });
}
