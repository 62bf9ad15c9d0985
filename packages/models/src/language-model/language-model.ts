// The protein language models that a model may be built on, through one function each: what reads a sequence, in training
// and in use, goes through this file and does not know which one it is. Residues have the same token ids in all of them.

import type { RandomSource, Tensor, Weights } from "@proteoscope/engine";
import { CheckpointError, type FileSource } from "../checkpoints/file-source.ts";
import { type Esm2Config, esm2 } from "../esm2/network.ts";
import { type EsmcConfig, esmc } from "../esmc/network.ts";
import { type LoadOptions, loadPretrained } from "../pretrained/load.ts";
import { architectureTitles, type Pretrained } from "../registry.ts";

/** The configuration of a protein language model: only ESMC's has a `modelType`. */
export type LanguageModelConfig = Esm2Config | EsmcConfig;

/** A protein language model with its weights. */
export type LanguageModel = Extract<Pretrained, { readonly architecture: "esm2" | "esmc" }>;

/** A batch of tokens; both models take the same. */
export interface LanguageModelInputs {
  /** Tokens, int64 or int32 [B, L]. */
  readonly inputIds: Tensor;
  /** Mask, int64 or int32 [B, L], 1 at tokens and 0 at padding; found by the padding token when absent. */
  readonly attentionMask?: Tensor | undefined;
}

/** Whether a configuration is ESMC's. */
export function isEsmc(config: LanguageModelConfig): config is EsmcConfig {
  return "modelType" in config;
}

/** The network of a configuration and weights, as checkpoints name it. */
export function asLanguageModel({
  config,
  weights,
}: {
  readonly config: LanguageModelConfig;
  readonly weights: LanguageModel["weights"];
}): LanguageModel {
  return isEsmc(config)
    ? { architecture: "esmc", config, weights }
    : { architecture: "esm2", config, weights };
}

/** The last representation of every token, [B, L, hidden], normalised. L may be open; `random` is for dropout, in training. */
export function representTokens(
  w: Weights,
  config: LanguageModelConfig,
  inputs: LanguageModelInputs,
  options: { readonly random?: RandomSource | undefined } = {},
): Tensor {
  const { representations } = isEsmc(config) ? esmc(w, config, inputs) : esm2(w, config, inputs, options);
  return representations.at(-1)!;
}

/** Loads a protein language model of any layout. @throws as `loadPretrained` does, and CheckpointError for another network. */
export async function loadLanguageModel(
  folder: FileSource,
  options: Pick<LoadOptions, "file" | "onNotice"> = {},
): Promise<LanguageModel> {
  const model = await loadPretrained(folder, options);
  if (model.architecture === "esm2" || model.architecture === "esmc") return model;
  const wanted = [architectureTitles.esm2, architectureTitles.esmc].join(" or ");
  throw new CheckpointError(
    `${folder.name}: is ${architectureTitles[model.architecture]}, wanted is a protein language model: ${wanted}`,
  );
}
