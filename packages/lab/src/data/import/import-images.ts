// Imports fields of view of any format that is read into a data set, field by field: memory holds one field. A field that cannot
// be read is listed in refused.csv, and the others go on; a killed import goes on after the last field on the disk.

import { basename, join, resolve } from "node:path";
import { FormatError, ImageSelectionError, ProteoscopeError, writeCsv } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";
import { NucleusError } from "@proteoscope/imaging";
import type { WorkOptions } from "@proteoscope/microscope";
import { pause } from "../../pause.ts";
import type { DataSetDescription } from "../dataset/description.ts";
import { drawSetSheet } from "../inspect/inspect-set.ts";
import { assignSplit, writeSplits } from "../split/assign-splits.ts";
import {
  type CutField,
  type CutOptions,
  cutField,
  measuredColumns,
  SwappedChannelsError,
} from "./cut-field.ts";
import { type FieldRow, type ImagePreset, presetPixelSizes, readImageTable } from "./image-table.ts";
import { labelsOfWords, writeLabels } from "./localisation-words.ts";
import { cropsFile, openSetWriter, type SetWriter, swappedColumn } from "./set-writer.ts";

/** What to import, and what the crops are to be like. */
export interface ImageImport {
  /** A table of fields, or what a preset reads. */
  readonly table: string;
  readonly output: string;
  readonly preset?: ImagePreset | undefined;
  /** Channels by name for every row: the name or number of the channel in the row's file. */
  readonly channels?: ReadonlyMap<string, string> | undefined;
  /** Pixel size of the crops. */
  readonly pixelSizeMicrons: number;
  readonly cropPixels: number;
  /** Pixel size of images that do not say it themselves. */
  readonly sourcePixelSizeMicrons?: number | undefined;
  readonly source: string;
  readonly licence: string;
  readonly madeBy: string;
  readonly seed: number;
  readonly isStrict?: boolean;
}

/** What an import of images did. */
export interface ImageImportReport {
  readonly fields: number;
  readonly crops: number;
  readonly refused: number;
  readonly channels: readonly string[];
  readonly warnings: readonly string[];
}

interface Position {
  readonly fields: number;
}

const normalisation =
  "per field: nucleus between its 20th and 99.8th percentile, protein and further stains between their 1st and 99.8th, clipped";
const fieldColumns = [
  ...["field", "protein", "source", "licence", "cell_line", "pixel_size_microns", "nuclei", "nucleus_score"],
  "protein_score",
];
const proteinColumns = [
  ...["protein", "source", "gene", "ensembl", "uniprot", "compartments", "raw_labels", "sequence"],
];
const fieldsFile = "fields.csv";

/**
 * Imports the fields of a table, or goes on where an earlier process was stopped.
 * @throws FormatError for a table that is none, and with `isStrict` for the first field that cannot be read; ProteoscopeError
 *   (usage) as `openGrowingFiles` says; the signal's reason, after which the import can be gone on with.
 */
export async function importImages(request: ImageImport, work: WorkOptions): Promise<ImageImportReport> {
  const { output, table, preset, pixelSizeMicrons, cropPixels, source, licence, seed } = request;
  const rows = await readImageTable(table, request);
  const channels = channelsOf(rows);
  const { files, warnings } = smallTables(rows, request);
  const settings = {
    ...{ import: "images", preset, pixelSizeMicrons, cropPixels, source, licence, seed, channels },
    sourcePixelSizeMicrons: request.sourcePixelSizeMicrons,
    fields: rows.map(({ field, channels }) => [field, ...channels.entries()]),
  };
  const cropColumns = ["field", "protein", ...measuredColumns];
  const writer = await openSetWriter<Position>(
    output,
    { channels, height: cropPixels, width: cropPixels, cropColumns },
    { settings, others: [fieldsFile, ...files.keys()] },
  );
  if (writer === undefined) return { fields: 0, crops: 0, refused: 0, channels, warnings };
  try {
    const options: CutOptions = {
      ...{ pixelSizeMicrons, cropPixels, channels, signal: work.signal, isCentred: preset === "dream" },
      defaultPixelSizeMicrons: request.sourcePixelSizeMicrons ?? (preset && presetPixelSizes[preset]),
    };
    const found = await cutFields(rows, writer, { ...options, isStrict: request.isStrict ?? false }, work);
    const { count: crops, refused } = writer;
    if (crops === 0)
      throw new FormatError("images", `${table}: no field could be imported`, {
        hint: "look at refused.csv",
      });
    await writer.finish(descriptionOf(request, channels), files);
    await writeWhole(join(output, "contact-sheet.png"), await drawSetSheet(output, seed));
    return { fields: rows.length - refused, crops, refused, channels, warnings: [...warnings, ...found] };
  } finally {
    await writer.close();
  }
}

/** protein where any field has one, nucleus, nuclear_mask, and then the other stains by name. */
function channelsOf(rows: readonly FieldRow[]): string[] {
  const names = new Set(rows.flatMap(({ channels }) => [...channels.keys()]));
  const others = [...names].filter((name) => name !== "protein" && name !== "nucleus").sort();
  return [...(names.has("protein") ? ["protein"] : []), "nucleus", "nuclear_mask", ...others];
}

async function cutFields(
  rows: readonly FieldRow[],
  writer: SetWriter<Position>,
  { isStrict, ...options }: CutOptions & { readonly isStrict: boolean },
  { signal, onProgress }: WorkOptions,
): Promise<string[]> {
  const warnings: string[] = [];
  for (let at = writer.position?.fields ?? 0; at < rows.length; at++) {
    const row = rows[at]!;
    const cut = await cutOrRefuse(row, options, isStrict, writer);
    if (cut !== undefined) {
      const { field, protein, source, licence, cellLine } = row;
      await writer.addCrops(
        cut.planes,
        cut.crops.map((cells) => ({ field, protein, ...cells })),
      );
      await writer.addRows(fieldsFile, fieldColumns, [
        { field, protein, source, licence, cell_line: cellLine, ...cut.field },
      ]);
      warnings.push(...cut.warnings);
    }
    await writer.checkpoint({ fields: at + 1 });
    onProgress?.({
      phase: "import",
      done: at + 1,
      total: rows.length,
      unit: "fields",
      note: `${writer.count} crops`,
    });
    await pause(signal);
  }
  return warnings;
}

async function cutOrRefuse(
  row: FieldRow,
  options: CutOptions,
  isStrict: boolean,
  writer: SetWriter<Position>,
): Promise<CutField | undefined> {
  try {
    return await cutField(row, options);
  } catch (error) {
    if (!isOfField(error)) throw error;
    if (isStrict) throw error;
    const { message: reason } = error;
    const isSwapped = error instanceof SwappedChannelsError;
    const column = isSwapped ? swappedColumn : error instanceof NucleusError ? "nucleus" : "";
    await writer.refuse([{ file: row.field, row: row.row, column, reason }]);
    return undefined;
  }
}

/** Whether the fault is of this field alone: what its files are, or that they are not there. */
function isOfField(error: unknown): error is Error {
  if (
    error instanceof SwappedChannelsError ||
    error instanceof FormatError ||
    error instanceof ImageSelectionError
  )
    return true;
  if (error instanceof ProteoscopeError) return error.kind === "data";
  return ["ENOENT", "EISDIR", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function smallTables(rows: readonly FieldRow[], { source, seed }: ImageImport) {
  const proteins = new Map<string, FieldRow>();
  const warnings: string[] = [];
  for (const row of rows) {
    if (row.protein === "") continue;
    const first = proteins.get(row.protein);
    if (first === undefined) proteins.set(row.protein, row);
    else if (
      first.compartments !== row.compartments ||
      first.gene !== row.gene ||
      first.sequence !== row.sequence
    )
      warnings.push(`row ${row.row}: protein ${row.protein} differs from row ${first.row}, which counts`);
  }
  const proteinRows = [...proteins.values()].map((row) => {
    const words = row.compartments.split(/[;,]/).flatMap((part): [string, number][] => {
      const [word = "", grade = "1"] = part.split(":").map((text) => text.trim());
      return word === "" ? [] : [[word, Number(grade)]];
    });
    const labels = labelsOfWords(words, (word) =>
      warnings.push(`row ${row.row}: "${word}" is no known place`),
    );
    const { protein, gene, ensembl, uniprot, sequence } = row;
    const compartments = writeLabels(labels);
    return {
      protein,
      source: row.source || source,
      gene,
      ensembl,
      uniprot,
      compartments,
      raw_labels: row.compartments,
      sequence,
    };
  });
  const fields = new Map(rows.map((row) => [row.field, row]));
  const split = assignSplit(
    {
      proteins: proteinRows.map(({ protein }) => ({ id: protein })),
      fields: [...fields.values()].map(({ field, protein }) => ({ field, protein })),
    },
    { preset: "all_proteins", seed },
  );
  return {
    warnings,
    files: new Map([
      ["proteins.csv", writeCsv(proteinRows, proteinColumns)],
      ["splits.csv", writeSplits(new Map([["all_proteins", split]]))],
    ]),
  };
}

function descriptionOf(request: ImageImport, channels: readonly string[]): DataSetDescription {
  const { table, madeBy, source, licence, pixelSizeMicrons, seed } = request;
  const name = basename(resolve(table)).replace(/\.[^.]+$/, "");
  const described = (file: string, from: string) => ({ file, source: from });
  return {
    ...{ name, madeBy, source, licence, pixelSizeMicrons, channels, normalisation, crops: cropsFile },
    tables: {
      crops: described("crops.csv", "one row per whole nucleus that was found"),
      fields: described(fieldsFile, `the rows of ${basename(table)}, with what was measured`),
      proteins: described("proteins.csv", `the proteins of ${basename(table)}`),
      splits: described("splits.csv", `all_proteins, seed ${seed}`),
    },
    split: "all_proteins",
  };
}
