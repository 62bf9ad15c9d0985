// The model folder that a run of `train localizer` leaves: the head, and the adapter of the language model if there is one.
// The language model itself is not copied.

import type { NdArray } from "@proteoscope/engine";
import { type LocalizerConfig, loraPrefix, saveLora } from "@proteoscope/models";
import { headFiles, type ModelFiles, withoutPrefix } from "../../training/model-files.ts";
import { type LocalizerTrainingConfig, windowOf } from "./config.ts";

/** Prefix of what is trained. */
export const scope = "localizer.";

/** The files of head and adapter, by path. */
export function localizerFiles(
  network: LocalizerConfig,
  weights: ReadonlyMap<string, NdArray>,
  config: LocalizerTrainingConfig,
): ModelFiles {
  const trained = [...withoutPrefix(weights, scope)];
  const isMatrix = ([name]: readonly [string, NdArray]) => name.startsWith(loraPrefix);
  const head = new Map(trained.filter((entry) => !isMatrix(entry)));
  const files = headFiles("localizer", { ...network, windowResidues: windowOf(config) }, head);
  const { lora } = config.model;
  if (lora === null) return files;
  const adapter = saveLora({ config: lora, weights: new Map(trained.filter(isMatrix)) });
  return new Map([...files, ...[...adapter].map(([path, bytes]) => [`lora/${path}`, bytes] as const)]);
}
