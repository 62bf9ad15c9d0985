// The truth of the proteins of a simulated proteome (docs/simulated-proteome.md), read from its tables, as a judge of models
// needs it.

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError, readCsv } from "@proteoscope/formats";
import { type RuledCompartment, ruledCompartments } from "./rule.ts";
import type { PlantedSignal, SignalName } from "./signals.ts";

/** What is true of a protein. */
export interface ProteinTruth {
  readonly id: string;
  /** Homology partition: 4 is held out. */
  readonly partition: number;
  readonly hasImages: boolean;
  /** The compartment of the largest share. */
  readonly primary: RuledCompartment;
  /** Shares in the order of `ruledCompartments`. */
  readonly mixture: readonly number[];
  readonly granularity: number;
  readonly abundance: number;
}

/** Reads proteins_truth.csv. @throws FormatError where a cell is no number, and for a folder without the table */
export async function readProteinTruth(folder: string): Promise<ProteinTruth[]> {
  const numbers = ["partition", "granularity", "abundance", ...ruledCompartments];
  const rows = await readTruth(join(folder, "proteins_truth.csv"), ["id", "has_images", "primary"], numbers);
  return rows.map(({ row, numberOf }) => ({
    id: row.id!,
    partition: numberOf("partition"),
    hasImages: row.has_images === "1",
    primary: row.primary as RuledCompartment,
    mixture: ruledCompartments.map(numberOf),
    granularity: numberOf("granularity"),
    abundance: numberOf("abundance"),
  }));
}

/**
 * Reads signals_truth.csv: the planted signals of each protein, by its id; proteins without one are missing.
 * @throws FormatError where a cell is no number, and for a folder without the table
 */
export async function readSignalTruth(folder: string): Promise<Map<string, PlantedSignal[]>> {
  const path = join(folder, "signals_truth.csv");
  const rows = await readTruth(path, ["id", "signal"], ["begin", "end", "strength"]);
  const found = new Map<string, PlantedSignal[]>();
  for (const { row, numberOf } of rows) {
    const signals = found.get(row.id!) ?? [];
    found.set(row.id!, signals);
    const [begin, end, strength] = [numberOf("begin") - 1, numberOf("end"), numberOf("strength")];
    signals.push({ name: row.signal as SignalName, begin, end, strength });
  }
  return found;
}

async function readTruth(path: string, words: readonly string[], numbers: readonly string[]) {
  const name = basename(path);
  const text = await readFile(path, "utf8");
  return readCsv(text, { name, requireColumns: [...words, ...numbers] }).map((row, index) => ({
    row,
    numberOf(column: string): number {
      const value = Number(row[column]);
      if (Number.isFinite(value) && row[column] !== "") return value;
      const problem = `${name}, column ${column}: "${row[column]}" is no number`;
      throw new FormatError("simulated proteome", problem, { line: index + 2 });
    },
  }));
}
