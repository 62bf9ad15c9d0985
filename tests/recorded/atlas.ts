// The atlas that a run of every trainer learns from: 24 images, 16 of them to train on. Recordings hold what comes of it, so
// that it must not change.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cropRow, writeAtlas } from "@proteoscope/lab/testing";
import { proteoscope } from "./command.ts";
import type { RecordedRun } from "./training-configs.ts";

// Four proteins of known genes with four images each, and images with nothing known but their compartment.
const crops = Array.from({ length: 24 }, (_, index) => {
  const primary = index % 2 === 0 ? "nucleoplasm" : "cytoplasm";
  const known = index % 6 < 4 ? { gene: `GENE${index % 4}`, uniprot: `P${index % 4}` } : {};
  const place = { FOV_id: `field${index}`, split_image: index < 16 ? "train" : "val" };
  const cell_line = ["HEK293T", "U2OS", ""][index % 3]!;
  return { ...cropRow, index, primary, compartments: `${primary}:1`, cell_line, ...place, ...known };
});

/** Writes it into a temporary folder; `remove` deletes that. */
export async function writeRecordedAtlas(): ReturnType<typeof writeAtlas> {
  const atlas = await writeAtlas({ crops });
  const levels = Array.from({ length: 6 }, (_, index) => `GENE${index},${index * index}\n`);
  writeFileSync(join(atlas.path, "levels.csv"), `gene,level\n${levels.join("")}`);
  return atlas;
}

/** Simulates the cells that some runs learn from as well. */
export function simulateCells(folder: string): void {
  proteoscope(folder, "data", "simulate", "--data", ".", "-o", "simulated", "--count", "24", "--seed", "1");
}

/** Writes the configuration of a run into the folder of the atlas; returns the words of `train` that begin it, but for its output. */
export function beginRun(folder: string, { run, trainer, config }: RecordedRun): string[] {
  writeFileSync(join(folder, `${run}.yaml`), JSON.stringify(config)); // JSON is YAML
  return [trainer, "--config", `${run}.yaml`, "--data", ".", "--seed", "5"];
}
