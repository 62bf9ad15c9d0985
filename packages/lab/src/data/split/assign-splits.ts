// Divides a data set into training, validation and test: proteins by clusters of similar sequences, fields of view as wholes.
// Every choice is by a counter-based generator keyed by seed, preset and purpose.

import { createGenerator } from "@proteoscope/engine";
import { ProteoscopeError, writeCsv } from "@proteoscope/formats";
import type { SplitWord } from "../dataset/columns.ts";

/** Names of the ways to divide a set. */
export const splitPresets = {
  standard:
    "clusters of proteins, and the fields of every protein: unseen are proteins, and fields of seen proteins",
  all_proteins: "every protein is trained on; fields are held out",
  train_proteins:
    "the proteins of `standard` that are trained on, and nothing of the others; fields are held out",
  below_50_identity: "clusters of proteins: all images of a held-out protein are held out",
  cell_line_by_protein: "combinations of a cell line and a protein, each of which is seen with others",
  held_out_cell_line: "cell lines as wholes; every protein is trained on",
} as const;
/** One of `splitPresets`. */
export type SplitPreset = keyof typeof splitPresets;

/** The presets by name. */
export const presetNames = Object.keys(splitPresets) as SplitPreset[];

/** Shares of training, validation and test, which sum to 1. */
export type SplitFractions = readonly [train: number, val: number, test: number];

/** Four fifths are for training, as the fields and proteins of the published model were divided. */
export const defaultFractions: SplitFractions = [0.8, 0.1, 0.1];

/** What is divided. */
export interface DividedSet {
  readonly proteins: readonly {
    readonly id: string;
    /** Proteins of one cluster are in one split; without a cluster, a protein stands alone. */
    readonly cluster?: string | undefined;
  }[];
  readonly fields: readonly {
    readonly field: string;
    readonly protein?: string | undefined;
    readonly cellLine?: string | undefined;
  }[];
}

/** How it is divided. */
export interface SplitOptions {
  readonly preset: SplitPreset;
  readonly seed: number;
  readonly fractions?: SplitFractions;
  /** For `held_out_cell_line`: which ones are the test; by default chosen by the seed. */
  readonly cellLines?: readonly string[];
}

/** The split of each protein and each field, by id. */
export interface Assignment {
  readonly proteins: ReadonlyMap<string, SplitWord>;
  readonly fields: ReadonlyMap<string, SplitWord>;
}

const words = ["train", "val", "test"] as const;

/** Divides a set. @throws ProteoscopeError (usage) for fractions that are none, (data) where there is nothing to hold out. */
export function assignSplit(set: DividedSet, options: SplitOptions): Assignment {
  const { preset, fractions = defaultFractions } = options;
  checkFractions(fractions);
  switch (preset) {
    case "all_proteins":
      return { proteins: allTrain(set), fields: divideFields(set, options) };
    case "standard":
      return { proteins: divideProteins(set, options), fields: divideFields(set, options) };
    case "train_proteins": {
      const proteins = divideProteins(set, { ...options, preset: "standard" });
      const fields = divideFields(set, { ...options, preset: "standard" });
      return { proteins: mapWords(proteins, (word) => (word === "train" ? word : "unused")), fields };
    }
    case "below_50_identity": {
      const proteins = divideProteins(set, options);
      const within = divideFields(set, options);
      const fields = set.fields.map(({ field, protein }) => {
        const word = protein === undefined ? "train" : (proteins.get(protein) ?? "train");
        return [field, word === "train" ? within.get(field)! : word] as const;
      });
      return { proteins, fields: new Map(fields) };
    }
    case "cell_line_by_protein":
      return { proteins: allTrain(set), fields: divideCombinations(set, options) };
    case "held_out_cell_line":
      return { proteins: allTrain(set), fields: divideCellLines(set, options) };
  }
}

/** The table of splits: one row per protein and per field, one column per assignment. */
export function writeSplits(columns: ReadonlyMap<string, Assignment>): string {
  const rows = (["protein", "field"] as const).flatMap((kind) => {
    const part = kind === "protein" ? "proteins" : "fields";
    const ids = new Set([...columns.values()].flatMap((assignment) => [...assignment[part].keys()]));
    return [...ids].map((id) => ({
      ...{ kind, id },
      ...Object.fromEntries(
        [...columns].map(([name, assignment]) => [name, assignment[part].get(id) ?? "unused"]),
      ),
    }));
  });
  return writeCsv(rows, ["kind", "id", ...columns.keys()]);
}

function checkFractions(fractions: SplitFractions): void {
  const sum = fractions.reduce((total, part) => total + part, 0);
  if (fractions.every((part) => part >= 0) && fractions[0] > 0 && Math.abs(sum - 1) < 1e-6) return;
  throw new ProteoscopeError(
    `the fractions ${fractions.join(", ")} do not sum to 1, or leave nothing to train on`,
    {
      kind: "usage",
      field: "fractions",
    },
  );
}

function allTrain({ proteins }: DividedSet): Map<string, SplitWord> {
  return new Map(proteins.map(({ id }) => [id, "train"]));
}

function mapWords(map: ReadonlyMap<string, SplitWord>, change: (word: SplitWord) => SplitWord) {
  return new Map([...map].map(([id, word]) => [id, change(word)]));
}

/** Whole clusters, the largest first, each to the split that is furthest below its share; ties by the seed. */
function divideProteins({ proteins }: DividedSet, options: SplitOptions): Map<string, SplitWord> {
  const clusters = groupBy(proteins, clusterOf);
  const order = shuffled([...clusters.keys()], options, "proteins");
  const bySize = order.toSorted((a, b) => clusters.get(b)!.length - clusters.get(a)!.length);
  const shares = fillShares(
    bySize.map((name) => clusters.get(name)!.length),
    options.fractions,
  );
  return new Map(
    bySize.flatMap((name, at) => clusters.get(name)!.map(({ id }) => [id, shares[at]!] as const)),
  );
}

const clusterOf = ({ id, cluster }: DividedSet["proteins"][number]): string => cluster ?? `protein ${id}`;

/** The fields of each protein, at least one of each split where there are three, as the published splits have them. */
function divideFields({ fields }: DividedSet, options: SplitOptions): Map<string, SplitWord> {
  const result = new Map<string, SplitWord>();
  for (const [protein, members] of groupBy(fields, ({ protein = "" }) => protein)) {
    const order = shuffled(
      members.map(({ field }) => field),
      options,
      `fields ${protein}`,
    );
    const [, val, test] = options.fractions ?? defaultFractions;
    const count = (share: number) => (share === 0 ? 0 : Math.max(1, Math.round(share * order.length)));
    const heldOut = Math.min(count(val) + count(test), order.length - 1);
    const testCount = Math.min(count(test), Math.floor(heldOut / (val > 0 ? 2 : 1)));
    for (const [at, field] of order.entries())
      result.set(field, at < testCount ? "test" : at < heldOut ? "val" : "train");
  }
  return result;
}

/** Combinations: one is held out only where its protein and its cell line are trained on in others. */
function divideCombinations({ fields }: DividedSet, options: SplitOptions): Map<string, SplitWord> {
  const named = requireCellLines(fields);
  const combinations = groupBy(named, ({ protein = "", cellLine = "" }) => `${cellLine} x ${protein}`);
  const left = new Map<string, number>();
  const keysOf = (name: string): string[] => {
    const { protein = "", cellLine = "" } = combinations.get(name)![0]!;
    return [`protein ${protein}`, `cell line ${cellLine}`];
  };
  for (const name of combinations.keys())
    for (const key of keysOf(name)) left.set(key, (left.get(key) ?? 0) + 1);
  const [, val, test] = options.fractions ?? defaultFractions;
  const wanted = [Math.round(test * combinations.size), Math.round((val + test) * combinations.size)];
  const result = new Map<string, SplitWord>();
  let heldOut = 0;
  for (const name of shuffled([...combinations.keys()], options, "combinations")) {
    const isFree = heldOut < wanted[1]! && keysOf(name).every((key) => left.get(key)! > 1);
    const word = !isFree ? "train" : heldOut < wanted[0]! ? "test" : "val";
    if (isFree) {
      heldOut++;
      for (const key of keysOf(name)) left.set(key, left.get(key)! - 1);
    }
    for (const { field } of combinations.get(name)!) result.set(field, word);
  }
  if (heldOut === 0) throw nothing("every protein or cell line would be left without a field to train on");
  return result;
}

/** Whole cell lines: those that are asked for, or one chosen by the seed, are the test; the fields of the others are divided. */
function divideCellLines({ proteins, fields }: DividedSet, options: SplitOptions): Map<string, SplitWord> {
  const named = requireCellLines(fields);
  const lines = [...new Set(named.map(({ cellLine }) => cellLine!))].sort();
  const heldOut = options.cellLines ?? shuffled(lines, options, "cell lines").slice(0, 1);
  const strange = heldOut.filter((line) => !lines.includes(line));
  if (strange.length > 0)
    throw nothing(`no field is of ${strange.join(", ")}: there are ${lines.join(", ")}`);
  if (lines.length <= heldOut.length) throw nothing("no cell line would be left to train on");
  const others = named.filter(({ cellLine }) => !heldOut.includes(cellLine!));
  const within = divideFields(
    { proteins, fields: others },
    { ...options, fractions: withoutTest(options.fractions) },
  );
  return new Map(named.map(({ field }) => [field, within.get(field) ?? "test"]));
}

function withoutTest([train, val, test]: SplitFractions = defaultFractions): SplitFractions {
  return [train + test, val, 0];
}

function requireCellLines(fields: DividedSet["fields"]): DividedSet["fields"] {
  const without = fields.find(({ cellLine }) => cellLine === undefined);
  if (without === undefined) return fields;
  throw nothing(`the field "${without.field}" has no cell_line`);
}

function nothing(reason: string): ProteoscopeError {
  return new ProteoscopeError(`there is no such split: ${reason}`, { kind: "data" });
}

/** The word of each group in their order, such that the sizes come near the fractions. */
function fillShares(sizes: readonly number[], fractions: SplitFractions = defaultFractions) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const room = fractions.map((fraction) => fraction * total);
  return sizes.map((size) => {
    const at = room.indexOf(Math.max(...room));
    room[at]! -= size;
    return words[at]!;
  });
}

function shuffled(names: readonly string[], { seed, preset }: SplitOptions, purpose: string): string[] {
  const sorted = names.toSorted();
  const order = createGenerator(seed, "split", preset, purpose).shuffle(sorted.length);
  return Array.from(order, (position) => sorted[position]!);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
