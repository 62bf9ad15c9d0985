// The truth of the proteins of a simulated proteome (docs/simulated-proteome.md), read from its table, as a judge of models
// needs it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, readCsv } from "@proteoscope/formats";
import { type RuledCompartment, ruledCompartments } from "./rule.ts";

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
  const name = "proteins_truth.csv";
  const columns = [
    "id",
    "partition",
    "has_images",
    "primary",
    "granularity",
    "abundance",
    ...ruledCompartments,
  ];
  const text = await readFile(join(folder, name), "utf8");
  return readCsv(text, { name, requireColumns: columns }).map((row, index) => {
    const numberOf = (column: string): number => {
      const value = Number(row[column]);
      if (Number.isFinite(value) && row[column] !== "") return value;
      throw new FormatError(
        "simulated proteome",
        `${name}, column ${column}: "${row[column]}" is no number`,
        {
          line: index + 2,
        },
      );
    };
    return {
      id: row.id!,
      partition: numberOf("partition"),
      hasImages: row.has_images === "1",
      primary: row.primary as RuledCompartment,
      mixture: ruledCompartments.map(numberOf),
      granularity: numberOf("granularity"),
      abundance: numberOf("abundance"),
    };
  });
}
