// `data simulate`: simulated cells as a data set, written crop by crop. A run that is stopped goes on where it was, since a crop
// is a pure function of the nuclei, the seed and its number.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeCsv } from "@proteoscope/formats";
import { writeWhole } from "@proteoscope/formats/node";
import type { WorkOptions } from "@proteoscope/microscope";
import { pause } from "../../pause.ts";
import { imageCompartments } from "../atlas/compartments.ts";
import { simulatedSource } from "../atlas/records.ts";
import type { DataSetDescription } from "../dataset/description.ts";
import { cropsFile, openSetWriter } from "../import/set-writer.ts";
import { drawSetSheet } from "../inspect/inspect-set.ts";
import type { NucleusPicture } from "./nucleus-pictures.ts";
import { planarOf } from "./planar.ts";
import { createCropSimulator } from "./simulated-crops.ts";

/** What to simulate. */
export interface Simulation {
  readonly pictures: readonly NucleusPicture[];
  readonly output: string;
  readonly count: number;
  readonly seed: number;
  readonly pixelSizeMicrons: number;
  readonly madeBy: string;
}

/** What was simulated; written as manifest.json. */
export interface SimulationReport {
  readonly made_by: string;
  readonly seed: number;
  readonly count: number;
  readonly protein_channel: string;
  /** Crops by compartment. */
  readonly compartments: Readonly<Record<string, number>>;
  /** Whose nuclei the cells have. */
  readonly nuclei: readonly {
    readonly source: string;
    readonly pictures: number;
    readonly crops: number;
    readonly licences: readonly string[];
  }[];
}

interface Position {
  /** The number of the next crop. */
  readonly next: number;
  /** Fields that nuclei were taken from so far, with their licences. */
  readonly fields: readonly (readonly [field: string, licence: string])[];
  /** Crops by the source of their nuclei. */
  readonly sources: readonly (readonly [source: string, crops: number])[];
}

const channels = ["protein", "nucleus", "nuclear_mask"];
const cropColumns = ["field", "protein", "compartments", "quality", "nuclei_from"];
const batchCrops = 32;

/** Simulates a set, or goes on with one. @throws as `openGrowingFiles` does; the signal's reason, after which it can be gone on with. */
export async function simulateDataSet(
  { pictures, output, count, seed, pixelSizeMicrons, madeBy }: Simulation,
  { signal, onProgress }: WorkOptions,
): Promise<SimulationReport> {
  const simulate = createCropSimulator(pictures, seed);
  const { side } = pictures[0]!;
  const writer = await openSetWriter<Position>(
    output,
    { channels, height: side, width: side, cropColumns },
    {
      settings: { simulate: { count, seed, pixelSizeMicrons, pictures: pictures.length } },
      others: ["fields.csv", "splits.csv", "manifest.json"],
    },
  );
  if (writer === undefined)
    return JSON.parse(await readFile(join(output, "manifest.json"), "utf8")) as SimulationReport;
  try {
    const { next = 0, fields = [], sources = [] } = writer.position ?? {};
    const licences = new Map(fields);
    const bySource = new Map(sources);
    for (let from = next; from < count; from += batchCrops) {
      const size = Math.min(batchCrops, count - from);
      const planes = new Uint8Array(size * 3 * side * side);
      const rows = Array.from({ length: size }, (_, at) => {
        const { compartment, nuclei, bytes } = simulate(from + at);
        licences.set(nuclei.fieldOfView, nuclei.licence);
        bySource.set(nuclei.source, (bySource.get(nuclei.source) ?? 0) + 1);
        planes.set(planarOf(bytes), at * bytes.length);
        return {
          field: nuclei.fieldOfView,
          protein: "",
          compartments: `${compartment}:1`,
          quality: 1,
          nuclei_from: nuclei.source,
        };
      });
      await writer.addCrops(planes, rows);
      await writer.checkpoint({ next: from + size, fields: [...licences], sources: [...bySource] });
      onProgress?.({ phase: "simulate", done: from + size, total: count, unit: "crops" });
      await pause(signal);
    }
    const report = reportOf(pictures, bySource, { count, seed, madeBy });
    await writer.finish(descriptionOf(report, pixelSizeMicrons, seed), tablesOf(licences, report));
    await writeWhole(join(output, "contact-sheet.png"), await drawSetSheet(output, seed));
    return report;
  } finally {
    await writer.close();
  }
}

function tablesOf(licences: ReadonlyMap<string, string>, report: SimulationReport): Map<string, string> {
  const fields = [...licences].map(([field, licence]) => ({ field, source: simulatedSource, licence }));
  const splits = [...licences.keys()].map((id) => ({ kind: "field", id, all: "train" }));
  return new Map([
    ["fields.csv", writeCsv(fields, ["field", "source", "licence"])],
    ["splits.csv", writeCsv(splits, ["kind", "id", "all"])],
    ["manifest.json", `${JSON.stringify(report, null, 2)}\n`],
  ]);
}

function reportOf(
  pictures: readonly NucleusPicture[],
  bySource: ReadonlyMap<string, number>,
  { count, seed, madeBy }: { readonly count: number; readonly seed: number; readonly madeBy: string },
): SimulationReport {
  const compartments = imageCompartments.map((name, at): [string, number] => [
    name,
    Math.floor((count + imageCompartments.length - 1 - at) / imageCompartments.length),
  ]);
  const nuclei = [...bySource]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, crops]) => {
      const own = pictures.filter((picture) => picture.source === source);
      return {
        source,
        pictures: own.length,
        crops,
        licences: [...new Set(own.map(({ licence }) => licence))],
      };
    });
  return {
    ...{ made_by: madeBy, seed, count, protein_channel: "simulated: no observation" },
    ...{ compartments: Object.fromEntries(compartments), nuclei },
  };
}

function descriptionOf(report: SimulationReport, pixelSizeMicrons: number, seed: number): DataSetDescription {
  const table = (name: string, source: string) => ({ file: `${name}.csv`, source });
  return {
    ...{
      name: "simulated cells",
      madeBy: report.made_by,
      source: simulatedSource,
      pixelSizeMicrons,
      channels,
    },
    licence: [...new Set(report.nuclei.flatMap(({ licences }) => licences))].join("; "),
    normalisation: "the protein is simulated; nuclei as in their atlas",
    crops: cropsFile,
    tables: {
      crops: table("crops", `simulated with seed ${seed}`),
      fields: table("fields", "the fields that the nuclei are from"),
      splits: table("splits", "all for training"),
    },
    split: "all",
  };
}
