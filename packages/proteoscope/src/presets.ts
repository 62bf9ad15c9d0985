// Presets of trainings, by name: configs/train/<trainer>.<name>.yaml, which ship with the package. `mini` is the default
// of every network.
import { join } from "node:path";
import { findShipped } from "./package-files.ts";

/** The file of a preset, which is named by one word; undefined where there is none. */
export function findPreset(trainer: string, name: string): string | undefined {
  if (!/^[a-z0-9-]+$/.test(name)) return undefined;
  return findShipped(join("configs", "train", `${trainer}.${name}.yaml`));
}
