// The tables of a data set as the records that trainers and evaluations know: a crop with what its field and its protein say
// of it, a protein with its split.

import { join } from "node:path";
import { FormatError } from "@proteoscope/formats";
import { unknownCompartment } from "../atlas/compartments.ts";
import type { Crop, CropTable, Protein, SequenceSplit, Split } from "../atlas/records.ts";
import {
  cropColumns,
  fieldColumns,
  proteinColumns,
  type SplitWord,
  splitColumn,
  splitColumns,
} from "./columns.ts";
import { type DataSetDescription, descriptionFile, readDescription, type TableName } from "./description.ts";
import { eachTableRow, readKeyedTable } from "./table-rows.ts";

/** Reads the crops with their fields, proteins and splits. @throws FormatError that names file, row and column. */
export async function readSetCrops(folder: string): Promise<CropTable> {
  const description = await readDescription(folder);
  const { tables } = description;
  const splits = await readSplits(folder, description);
  const fields = await readKeyedTable(folder, tables.fields, fieldColumns, "field");
  const proteins = await readKeyedTable(folder, tables.proteins, proteinColumns, "protein");
  const crops: Crop[] = [];
  let excludedCount = 0;
  const { file } = tables.crops;
  await eachTableRow(folder, { file, columns: cropColumns }, (row, line) => {
    const refuse = (column: string, message: string) => {
      throw new FormatError("data set", `${file}, row ${line}, column ${column}: ${message}`, {
        hint: "`proteoscope data check` lists all that is wrong",
      });
    };
    const protein = row.protein === undefined ? undefined : proteins.get(row.protein);
    if (row.protein !== undefined && protein === undefined && tables.proteins !== undefined)
      refuse("protein", `"${row.protein}" is not in ${tables.proteins.file}`);
    const split = splits.fields.get(row.field);
    if (split === undefined) refuse("field", `"${row.field}" has no split in ${tables.splits?.file}`);
    // A protein without a sequence is in no list of proteins that are held out: its crops are left out here.
    const isHeldOut = !protein?.sequence && (splits.proteins.get(row.protein ?? "") ?? "train") !== "train";
    if (row.exclude !== undefined || split === "unused" || isHeldOut) {
      excludedCount++;
      return;
    }
    const field = fields.get(row.field);
    const labels = row.compartments?.length ? row.compartments : (protein?.compartments ?? []);
    crops.push({
      index: row.index,
      source: field?.source ?? description.source,
      gene: protein?.gene ?? row.protein,
      uniprot: protein?.uniprot ?? row.protein,
      labels,
      primary: labels.reduce((best, label) => (label.weight > best.weight ? label : best), labels[0] ?? none)
        .name,
      cellLine: field?.cell_line,
      fieldOfView: row.field,
      isBlend: row.blend ?? false,
      split: split as Split,
      quality: row.quality ?? 1,
      labelConsistency: row.label_consistency ?? 1,
      hasDnaStain: row.dna_stain ?? true,
      licence: field?.licence ?? description.licence,
    });
  });
  return { crops, excludedCount };
}

const none = { name: unknownCompartment, weight: 0 };

/** Reads the proteins that have a sequence; a set without the table has none. @throws FormatError */
export async function readSetProteins(
  folder: string,
  table: Extract<TableName, "proteins" | "sequences">,
): Promise<Protein[]> {
  const description = await readDescription(folder);
  const rows = await readKeyedTable(folder, description.tables[table], proteinColumns, "protein");
  if (rows.size === 0) return [];
  const splits = (await readSplits(folder, description)).proteins;
  return [...rows.values()].flatMap((row): Protein[] => {
    if (!row.sequence) return [];
    const { protein: id, gene, ensembl, sequence, cluster, partition } = row;
    return [
      {
        ...{ id, gene, ensg: ensembl, uniprot: row.uniprot ?? id, sequence, cluster, partition },
        source: row.source ?? description.source,
        labels: row.compartments ?? [],
        isHuman: row.human ?? true,
        split: undefined,
        leakOf: row.leak_of ?? [],
        sameAs: row.same_as,
        assigned: sequenceSplitOf(splits.get(id)),
      },
    ];
  });
}

/** The splits of proteins and of fields, by id. */
export interface SetSplits {
  readonly proteins: ReadonlyMap<string, SplitWord>;
  readonly fields: ReadonlyMap<string, Split | "unused">;
}

const fieldWords: readonly SplitWord[] = ["train", "val", "test", "unused"];

/** Reads the split that dataset.json names. @throws FormatError where it names none, or one that is no column. */
export async function readSplits(
  folder: string,
  { tables, split }: Pick<DataSetDescription, "tables" | "split">,
): Promise<SetSplits> {
  const refuse = (what: string): never => {
    throw new FormatError("data set", `${join(folder, descriptionFile)}: ${what}`, {
      hint: "make a split with `proteoscope data split`",
    });
  };
  if (split === undefined || tables.splits === undefined) return refuse("names no split");
  const proteins = new Map<string, SplitWord>();
  const fields = new Map<string, Split | "unused">();
  const columns = splitColumns.extend({ [split]: splitColumn }) as unknown as typeof splitColumns;
  await eachTableRow(folder, { file: tables.splits.file, columns }, (row, line, cells) => {
    const word = cells[split] as SplitWord;
    if (row.kind === "protein") proteins.set(row.id, word);
    else if (fieldWords.includes(word)) fields.set(row.id, word as Split | "unused");
    else refuse(`${tables.splits?.file}, row ${line}: a field cannot be ${word}`);
  });
  return { proteins, fields };
}

/** Splits of proteins as the rules of sequences know them. */
export function sequenceSplitOf(word: SplitWord | undefined): SequenceSplit {
  return word === "val" ? "calibration" : (word ?? "unused");
}
