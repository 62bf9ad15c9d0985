// `data check`: everything that can be wrong with a data set, found in one go: the description, every row of every table, what
// the tables say of each other, every crop, and whether the split leaks. Nothing is repaired and nothing is passed over: a
// problem has its file, row and column.

import { FormatError } from "@proteoscope/formats";
import type { WorkOptions } from "@proteoscope/microscope";
import type { z } from "zod";
import { placeCompartment } from "../atlas/compartments.ts";
import { cropColumns, fieldColumns, proteinColumns } from "../dataset/columns.ts";
import { type DataSetDescription, readDescription } from "../dataset/description.ts";
import { type CropStore, openCropStore } from "../dataset/pixels.ts";
import { readSplits, type SetSplits } from "../dataset/records.ts";
import { eachTableRow, type RowFault } from "../dataset/table-rows.ts";
import { readRefused, refusedFile, swappedColumn } from "../import/set-writer.ts";
import { findLeaks } from "../split/split-set.ts";
import { type CheckedCrop, checkPixels } from "./check-pixels.ts";
import { collectFindings, type Finding, type Findings } from "./findings.ts";

/** What a check found and how much it looked at. */
export interface CheckReport {
  readonly findings: readonly Finding[];
  readonly crops: number;
  readonly fields: number;
  readonly proteins: number;
}

/** Checks a data set. @throws the system's errors and the signal's reason; all that is wrong with the set is in the report. */
export async function checkDataSet(folder: string, work: WorkOptions): Promise<CheckReport> {
  const findings = collectFindings();
  const empty = { crops: 0, fields: 0, proteins: 0 };
  const described = await attempt(findings, "dataset.json", async () => ({
    description: await readDescription(folder),
    store: await openCropStore(folder),
  }));
  if (described === undefined) return { findings: findings.list(), ...empty };
  const { description, store } = described;
  await noteRefused(folder, findings);
  const tables = await readTables(folder, description, findings);
  const splits = await attempt(findings, description.tables.splits?.file ?? "dataset.json", () =>
    readSplits(folder, description),
  );
  const crops = await checkCropRows(folder, description, { store, findings, ...tables, splits });
  await checkPixels(store, crops, { findings, fields: tables.fields, description }, work);
  if (splits !== undefined) {
    checkSplits(splits, tables, description, findings);
    for (const { heldOut, trained, reason } of (await attempt(findings, "proteins", () =>
      findLeaks(folder, work),
    )) ?? [])
      findings.problem({
        ...{ file: description.tables.splits!.file, column: description.split },
        message: `leak: ${heldOut} is held out and ${trained} is trained on, but ${reason}`,
      });
  }
  return {
    findings: findings.list(),
    ...{ crops: crops.length, fields: tables.fields.size, proteins: tables.proteins.size },
  };
}

/** What the import left out is to be known; where it swapped channels, that is to be mended. */
async function noteRefused(folder: string, findings: Findings): Promise<void> {
  for (const { file, row, column, reason } of await readRefused(folder)) {
    const message = `${column === swappedColumn ? `field ${file}` : `${file}, row ${row}${column && `, ${column}`}`} is not imported: ${reason}`;
    const finding = { file: refusedFile, column, message };
    if (column === swappedColumn) findings.problem(finding);
    else findings.warning(finding);
  }
}

/** The result, or undefined where the files are at fault, which is noted. */
async function attempt<T>(findings: Findings, file: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.problem({ file, message: error.what });
    return undefined;
  }
}

interface Tables {
  readonly fields: Map<
    string,
    z.infer<typeof fieldColumns> & { readonly cells: Readonly<Record<string, string>> }
  >;
  readonly proteins: Map<string, z.infer<typeof proteinColumns>>;
}

async function readTables(
  folder: string,
  { tables }: DataSetDescription,
  findings: Findings,
): Promise<Tables> {
  const fields: Tables["fields"] = new Map();
  const proteins: Tables["proteins"] = new Map();
  const onFault = (fault: RowFault) => findings.problem(fault);
  const twice = (file: string, row: number, column: string, name: string) =>
    findings.problem({ file, row, column, message: `"${name}" stands there twice` });
  const { fields: fieldTable, proteins: proteinTable, sequences } = tables;
  if (fieldTable !== undefined)
    await attempt(findings, fieldTable.file, () =>
      eachTableRow(
        folder,
        { file: fieldTable.file, columns: fieldColumns, onFault },
        (row, number, cells) => {
          if (fields.has(row.field)) twice(fieldTable.file, number, "field", row.field);
          fields.set(row.field, { ...row, cells });
        },
      ),
    );
  for (const table of [proteinTable, sequences]) {
    if (table === undefined) continue;
    let without = 0;
    await attempt(findings, table.file, () =>
      eachTableRow(folder, { file: table.file, columns: proteinColumns, onFault }, (row, number) => {
        if (proteins.has(row.protein)) twice(table.file, number, "protein", row.protein);
        proteins.set(row.protein, row);
        if (!row.sequence) without++;
        checkLabels(row.compartments, (message) =>
          findings.problem({ file: table.file, row: number, column: "compartments", message }),
        );
      }),
    );
    if (without > 0)
      findings.warning({
        ...{ file: table.file, column: "sequence" },
        message: `${without} proteins have no sequence; networks that read sequences do not see them`,
      });
  }
  return { fields, proteins };
}

function checkLabels(
  labels: readonly { readonly name: string }[] | undefined,
  report: (message: string) => void,
) {
  for (const { name } of labels ?? [])
    try {
      placeCompartment(name);
    } catch (error) {
      report((error as FormatError).what);
    }
}

interface Known extends Tables {
  readonly store: CropStore;
  readonly findings: Findings;
  readonly splits: SetSplits | undefined;
}

/** Checks each row of the table of crops; returns those that name a crop. */
async function checkCropRows(
  folder: string,
  { tables }: DataSetDescription,
  known: Known,
): Promise<CheckedCrop[]> {
  const { store, findings, fields, proteins, splits } = known;
  const { file } = tables.crops;
  const crops: CheckedCrop[] = [];
  const rowOf = new Int32Array(store.count).fill(-1);
  const onFault = (fault: RowFault) => findings.problem(fault);
  await attempt(findings, file, () =>
    eachTableRow(folder, { file, columns: cropColumns, onFault }, (row, number) => {
      const problem = (column: string, message: string) =>
        findings.problem({ file, row: number, column, message });
      if (row.index >= store.count)
        problem("index", `is ${row.index}, and the store has ${store.count} crops`);
      else if (rowOf[row.index]! >= 0)
        problem("index", `${row.index} stands in row ${rowOf[row.index]} as well`);
      else {
        rowOf[row.index] = number;
        crops.push({
          index: row.index,
          row: number,
          field: row.field,
          isExcluded: row.exclude !== undefined,
        });
      }
      if (tables.fields && !fields.has(row.field))
        problem("field", `"${row.field}" is not in ${tables.fields.file}`);
      if (tables.proteins && row.protein !== undefined && !proteins.has(row.protein))
        problem("protein", `"${row.protein}" is not in ${tables.proteins.file}`);
      if (splits !== undefined && !splits.fields.has(row.field))
        problem("field", `"${row.field}" has no split in ${tables.splits!.file}`);
      checkLabels(row.compartments, (message) => problem("compartments", message));
    }),
  );
  const missing = rowOf.filter((row) => row < 0).length;
  if (missing > 0)
    findings.problem({
      file,
      message: `${missing} crops of the store have no row, the first is ${rowOf.indexOf(-1)}`,
    });
  return crops;
}

function checkSplits(
  splits: SetSplits,
  tables: Tables,
  { tables: named, split }: DataSetDescription,
  findings: Findings,
) {
  const { file } = named.splits!;
  for (const id of tables.proteins.keys())
    if (!splits.proteins.has(id))
      findings.problem({
        file,
        column: split,
        message: `the protein ${id} has no row; it would be used for nothing`,
      });
  if (![...splits.fields.values()].includes("train"))
    findings.problem({ file, column: split, message: "no field is for training" });
  if (![...splits.fields.values()].includes("val"))
    findings.warning({ file, column: split, message: "no field is for validation" });
}
