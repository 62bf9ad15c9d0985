// The model folder that a run of `train plm` leaves: the language model and its localization head.
// The head's parameters are those below `localization.`.

import type { NdArray } from "@proteoscope/engine";
import { asLanguageModel, type LanguageModelConfig, type LocalizationHeadConfig } from "@proteoscope/models";
import { edgeTokens } from "../../data/batches/sequence-batches.ts";
import { headFiles, type ModelFiles, networkFiles } from "../../training/model-files.ts";
import type { PlmConfig } from "./config.ts";

/** The files of both networks, by path. */
export function plmFiles(
  { esm, head }: { readonly esm: LanguageModelConfig; readonly head: LocalizationHeadConfig },
  weights: ReadonlyMap<string, NdArray>,
  { data }: PlmConfig,
): ModelFiles {
  const isHead = ([name]: readonly [string, NdArray]) => name.startsWith("localization.");
  const own = new Map([...weights].filter((entry) => !isHead(entry)));
  const headConfig = { ...head, windowResidues: data.lengths.at(-1)! - edgeTokens };
  return new Map([
    ...networkFiles("plm", asLanguageModel({ config: esm, weights: own })),
    ...headFiles("localization", headConfig, new Map([...weights].filter(isHead))),
  ]);
}
