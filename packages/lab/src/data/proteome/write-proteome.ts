// Writes a simulated proteome as a data set, crop by crop, so that memory does not grow with it: the set that trainers read,
// with the truth in files beside its own. A process that is killed is followed by one that goes on, to the same bytes.

import { writeNpyHeader } from "@proteoscope/formats";
import type { WorkOptions } from "@proteoscope/microscope";
import { pause } from "../../pause.ts";
import { simulatedProteomeSource } from "../atlas/tables.ts";
import type { DataSetDescription } from "../dataset/description.ts";
import { cropsFile, openSetWriter } from "../import/set-writer.ts";
import { planarOf } from "../simulate/planar.ts";
import {
  cropTruthColumns,
  proteinTruthTable,
  proteomeFieldTable,
  proteomeProteinTable,
  proteomeSplitTable,
  type SimulatedProteome,
  signalTruthTable,
} from "./simulated-proteome.ts";

/** Where a proteome is written, and what is said of it. */
export interface ProteomeOutput {
  readonly output: string;
  readonly pixelSizeMicrons: number;
  readonly madeBy: string;
  /** Whose nuclei the cells are grown around. */
  readonly nuclei: { readonly source: string; readonly licence: string };
}

interface Position {
  /** The number of the next crop. */
  readonly next: number;
}

const channels = ["protein", "nucleus", "nuclear_mask"];
const cropColumns = ["field", "protein", "compartments"];
const cellsFile = "cells.npy";
const cropTruthFile = "crops_truth.csv";
const batchCrops = 32;

/** Writes the set, or goes on with one. @throws as `openGrowingFiles` does; the signal's reason, after which it can be gone on with. */
export async function writeProteome(
  proteome: SimulatedProteome,
  { output, ...about }: ProteomeOutput,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const { cropCount, proteins, crops, sequences, seed, side } = proteome;
  const tables = tablesOf(proteome);
  const writer = await openSetWriter<Position>(
    output,
    { channels, height: side, width: side, cropColumns },
    {
      settings: { simulateProteome: { proteins, crops, sequences, seed, side, ...about } },
      others: [cellsFile, cropTruthFile, ...tables.keys()],
    },
  );
  if (writer === undefined) return;
  try {
    const next = writer.position?.next ?? 0;
    if (next === 0) await writer.addBytes(cellsFile, writeNpyHeader("uint8", [cropCount, side, side]));
    for (let from = next; from < cropCount; from += batchCrops) {
      const size = Math.min(batchCrops, cropCount - from);
      const rendered = Array.from({ length: size }, (_, at) => proteome.crop(from + at));
      const planes = rendered.map(({ bytes }) => planarOf(bytes));
      await writer.addCrops(
        Buffer.concat(planes),
        rendered.map(({ row }) => row),
      );
      await writer.addBytes(cellsFile, Buffer.concat(rendered.map(({ cells }) => cells)));
      await writer.addRows(
        cropTruthFile,
        cropTruthColumns,
        rendered.map(({ truth }) => truth),
      );
      await writer.checkpoint({ next: from + size });
      onProgress?.({ phase: "simulate", done: from + size, total: cropCount, unit: "crops" });
      await pause(signal);
    }
    await writer.finish(descriptionOf(proteome, about), tables);
  } finally {
    await writer.close();
  }
}

/** The tables that do not grow with the crops, by file. */
function tablesOf(proteome: SimulatedProteome): Map<string, string> {
  const { all, proteins } = proteome;
  return new Map([
    ["fields.csv", proteomeFieldTable(proteome)],
    ["proteins.csv", proteomeProteinTable(all.slice(0, proteins))],
    ["sequences.csv", proteomeProteinTable(all.slice(proteins))],
    ["splits.csv", proteomeSplitTable(proteome)],
    ["proteins_truth.csv", proteinTruthTable(proteome)],
    ["signals_truth.csv", signalTruthTable(proteome)],
  ]);
}

function descriptionOf(
  { proteins, crops, sequences, seed }: SimulatedProteome,
  { pixelSizeMicrons, madeBy, nuclei }: Omit<ProteomeOutput, "output">,
): DataSetDescription {
  const source = `simulated with seed ${seed}`;
  const table = (name: string) => ({ file: `${name}.csv`, source });
  return {
    ...{ name: `simulated proteome: ${proteins} proteins of ${crops} crops, ${sequences} further sequences` },
    ...{ madeBy, source: simulatedProteomeSource, licence: nuclei.licence, pixelSizeMicrons, channels },
    normalisation: `the protein is simulated; nuclei as in their library: ${nuclei.source}`,
    crops: cropsFile,
    tables: {
      ...{ crops: table("crops"), fields: table("fields"), proteins: table("proteins") },
      ...{ sequences: table("sequences"), splits: table("splits") },
    },
    split: "standard",
  };
}
