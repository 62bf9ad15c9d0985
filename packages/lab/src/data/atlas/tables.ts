// The tables of an atlas folder as typed records: crops.csv (images), proteins.csv (human sequences) and localisation.csv
// (sequences of all kingdoms). A cell that does not belong in its column is an error that names file, line and column,
// because a label that is dropped in silence trains a wrong model.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, readCsv } from "@proteoscope/formats";
import { z } from "zod";
import { isDataSet } from "../dataset/description.ts";
import { readSetCrops, readSetProteins } from "../dataset/records.ts";
import {
  filledText,
  flag,
  idList,
  labels,
  optionalSplit,
  optionalText,
  partition,
  sequence,
  share,
  split,
  text,
  wholeNumber,
} from "./columns.ts";
import type { Crop, CropTable, Protein } from "./records.ts";

export {
  type CompartmentLabel,
  type Crop,
  type CropTable,
  isGraded,
  isRealCell,
  type Protein,
  type ProteinSource,
  type Split,
  simulatedProteomeSource,
  simulatedSource,
} from "./records.ts";

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
  source: filledText,
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
  source: filledText,
  gene: optionalText,
  ensg: optionalText,
  sequence,
  compartments: labels,
  partition,
  human: z.enum(["True", "False"], "is neither True nor False"),
  same_opencell_id: optionalText,
  leak_of: idList,
});

/** Reads the crops of an atlas or a data set; crops marked `exclude` are dropped and counted. @throws FormatError */
export async function readCrops(folder: string): Promise<CropTable> {
  if (await isDataSet(folder)) return readSetCrops(folder);
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

/** Reads the proteins that images may show, of an atlas (proteins.csv) or a data set. @throws FormatError */
export async function readProteins(folder: string): Promise<Protein[]> {
  if (await isDataSet(folder)) return readSetProteins(folder, "proteins");
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

/** Reads localisation.csv, the DeepLoc 2.0 sets of all kingdoms, or the table `sequences` of a data set. @throws FormatError */
export async function readLocalisation(folder: string): Promise<Protein[]> {
  if (await isDataSet(folder)) return readSetProteins(folder, "sequences");
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
