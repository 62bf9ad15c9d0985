// `data split`: divides the proteins and fields of a data set, writes the splits as columns of a table, and looks whether what
// is held out resembles what is trained on.

import { join } from "node:path";
import { FormatError, ProteoscopeError, writeCsv } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";
import type { WorkOptions } from "@proteoscope/microscope";
import type { z } from "zod";
import {
  cropColumns,
  fieldColumns,
  proteinColumns,
  type SplitWord,
  splitColumns,
  splitWords,
} from "../dataset/columns.ts";
import { type DataSetDescription, readDescription, updateDescription } from "../dataset/description.ts";
import { readSplits } from "../dataset/records.ts";
import { eachTableRow, readKeyedTable } from "../dataset/table-rows.ts";
import {
  type Assignment,
  assignSplit,
  type DividedSet,
  type SplitFractions,
  type SplitPreset,
} from "./assign-splits.ts";
import { clusterSequences, eachSimilarPair } from "./similar-pairs.ts";

/** How a set is divided. */
export interface SplitRequest {
  readonly folder: string;
  /** The columns to write; the last one is used by training. */
  readonly presets: readonly SplitPreset[];
  readonly seed: number;
  readonly fractions?: SplitFractions | undefined;
  /** Sequences that are at least that alike are in one split. Default 0.5. */
  readonly identity?: number | undefined;
  readonly cellLines?: readonly string[] | undefined;
}

/** How many proteins, fields and crops each split has. */
export interface SplitReport {
  readonly split: string;
  readonly proteins: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, number>>;
  readonly clusters: number;
  /** Proteins without a sequence: whether they resemble others is not known, and they stand alone. */
  readonly withoutSequence: readonly string[];
}

/** Two things in different splits that should not be. */
export interface Leak {
  readonly trained: string;
  readonly heldOut: string;
  readonly reason: string;
}

/** Divides a set by one or more presets, and writes them as columns. @throws FormatError, ProteoscopeError (usage, data). */
export async function splitDataSet(request: SplitRequest, work: WorkOptions): Promise<SplitReport[]> {
  const { folder, presets, seed, fractions, cellLines, identity = defaultIdentity } = request;
  const description = await readDescription(folder);
  const { set, withoutSequence } = await readDividedSet(folder, description, identity, work);
  const columns = new Map<string, Assignment>();
  for (const preset of presets)
    columns.set(
      preset,
      assignSplit(set, { preset, seed, ...(fractions && { fractions }), ...(cellLines && { cellLines }) }),
    );
  const file = description.tables.splits?.file ?? "splits.csv";
  await writeWhole(join(folder, file), await mergeColumns(folder, description, set, columns));
  const split = presets.at(-1)!;
  await updateDescription(folder, (before) => ({
    ...before,
    split,
    tables: { ...before.tables, splits: { file, source: sourceOf(before, presets, seed, identity) } },
  }));
  const clusters = new Set(set.proteins.map(({ id, cluster }) => cluster ?? id)).size;
  return [...columns].map(([name, { proteins, fields }]) => ({
    ...{ split: name, proteins: countWords(proteins), fields: countWords(fields), clusters, withoutSequence },
  }));
}

/** Sequences of half their residues alike are close homologs, which images of one predict of the other. */
export const defaultIdentity = 0.5;

function sourceOf(
  before: DataSetDescription,
  presets: readonly string[],
  seed: number,
  identity: number,
): string {
  const others = (before.tables.splits?.source ?? "")
    .split("; ")
    .filter((part) => !presets.some((name) => part.startsWith(`${name},`)) && part !== "");
  return [...others, ...presets.map((name) => `${name}, seed ${seed}, identity ${identity}`)].join("; ");
}

/** Uses a column that is there already. @throws ProteoscopeError (usage) where it is none. */
export async function useSplit(folder: string, split: string): Promise<void> {
  const description = await readDescription(folder);
  const { file } = description.tables.splits ?? {};
  const columns =
    file === undefined ? [] : await eachTableRow(folder, { file, columns: splitColumns }, () => {});
  const names = columns.filter((name) => !["kind", "id", "cluster"].includes(name));
  if (!names.includes(split))
    throw new ProteoscopeError(`the set has no split "${split}": it has ${names.join(", ") || "none"}`, {
      kind: "usage",
    });
  await readSplits(folder, { ...description, split });
  await updateDescription(folder, (before) => ({ ...before, split }));
}

type ProteinRow = z.infer<typeof proteinColumns>;

async function readDividedSet(
  folder: string,
  { tables }: DataSetDescription,
  identity: number,
  { signal, onProgress }: WorkOptions,
) {
  const proteins = [
    ...(await readKeyedTable(folder, tables.proteins, proteinColumns, "protein")).values(),
    ...(await readKeyedTable(folder, tables.sequences, proteinColumns, "protein")).values(),
  ];
  const fields = await readKeyedTable(folder, tables.fields, fieldColumns, "field");
  const shown = new Map<string, string | undefined>();
  await eachTableRow(folder, { file: tables.crops.file, columns: cropColumns }, ({ field, protein }) => {
    if (!shown.has(field)) shown.set(field, protein);
  });
  const total = proteins.length;
  const known = proteins.filter(({ sequence }) => sequence);
  const clusters = await clusterSequences(
    known.map(({ sequence }) => sequence!),
    {
      identity,
      signal,
      onProgress: (done) => onProgress?.({ phase: "compare sequences", done, total, unit: "proteins" }),
    },
  );
  const clusterOf = new Map<ProteinRow, string>(known.map((row, at) => [row, known[clusters[at]!]!.protein]));
  const set: DividedSet = {
    proteins: proteins.map((row) => ({ id: row.protein, cluster: clusterOf.get(row) })),
    fields: [...shown].map(([field, protein]) => ({
      field,
      protein,
      cellLine: fields.get(field)?.cell_line,
    })),
  };
  const withoutSequence = proteins.filter(({ sequence }) => !sequence).map(({ protein }) => protein);
  return { set, withoutSequence };
}

/** The table with the new columns, and those of earlier splits for what they have. */
async function mergeColumns(
  folder: string,
  { tables }: DataSetDescription,
  set: DividedSet,
  columns: ReadonlyMap<string, Assignment>,
): Promise<string> {
  const earlier = new Map<string, Readonly<Record<string, string>>>();
  let names: readonly string[] = [];
  if (tables.splits !== undefined)
    names = await eachTableRow(
      folder,
      { file: tables.splits.file, columns: splitColumns },
      (row, _, cells) => {
        earlier.set(`${row.kind} ${row.id}`, cells);
      },
    );
  const kept = names.filter((name) => !["kind", "id", "cluster"].includes(name) && !columns.has(name));
  const rowOf = (kind: "protein" | "field", id: string, cluster: string) => ({
    ...{ kind, id, cluster },
    ...Object.fromEntries(kept.map((name) => [name, earlier.get(`${kind} ${id}`)?.[name] || "unused"])),
    ...Object.fromEntries(
      [...columns].map(([name, part]) => [
        name,
        (kind === "protein" ? part.proteins : part.fields).get(id) ?? "unused",
      ]),
    ),
  });
  const rows = [
    ...set.proteins.map(({ id, cluster }) => rowOf("protein", id, cluster ?? id)),
    ...set.fields.map(({ field }) => rowOf("field", field, "")),
  ];
  return writeCsv(rows, ["kind", "id", "cluster", ...kept, ...columns.keys()]);
}

function countWords(words: ReadonlyMap<string, SplitWord>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of splitWords) {
    const count = [...words.values()].filter((one) => one === word).length;
    if (count > 0) counts[word] = count;
  }
  return counts;
}

/**
 * Whether the split that dataset.json names keeps apart what it should: no held-out protein has the sequence of a protein that is
 * trained on, or one at least that alike, whatever clusters were made. Splits without held-out proteins have no such leak.
 */
export async function findLeaks(
  folder: string,
  { identity = defaultIdentity, signal, onProgress }: { readonly identity?: number } & WorkOptions,
): Promise<Leak[]> {
  const description = await readDescription(folder);
  const splits = await readSplits(folder, description);
  const rows = [
    ...(await readKeyedTable(folder, description.tables.proteins, proteinColumns, "protein")).values(),
    ...(await readKeyedTable(folder, description.tables.sequences, proteinColumns, "protein")).values(),
  ].filter(({ sequence }) => sequence);
  const words = rows.map(({ protein }) => splits.proteins.get(protein) ?? "unused");
  const isLeak = (a: SplitWord, b: SplitWord) => a === "train" && b !== "train" && b !== "unused";
  const isAsked = (first: number, second: number) =>
    isLeak(words[first]!, words[second]!) || isLeak(words[second]!, words[first]!);
  const leaks: Leak[] = [];
  await eachSimilarPair(
    rows.map(({ sequence }) => sequence!),
    {
      ...{ identity, isAsked, signal },
      onProgress: (done) =>
        onProgress?.({ phase: "compare sequences", done, total: rows.length, unit: "proteins" }),
    },
    ({ first, second, identity: found }) => {
      const [trained, heldOut] = words[first] === "train" ? [first, second] : [second, first];
      const reason = `${(100 * found).toFixed(0)} % of the aligned residues are identical`;
      leaks.push({ trained: rows[trained]!.protein, heldOut: rows[heldOut]!.protein, reason });
    },
  );
  return leaks;
}

/** Refuses a split that leaks. @throws FormatError that counts the leaks and names the first. */
export function refuseLeaks(leaks: readonly Leak[], split: string): void {
  const [first] = leaks;
  if (first === undefined) return;
  throw new FormatError(
    "data set",
    `split ${split} leaks: ${leaks.length} pairs; ${first.heldOut} is held out, ${first.trained} is trained on, ${first.reason}`,
    { hint: "make the split anew with `proteoscope data split`" },
  );
}
