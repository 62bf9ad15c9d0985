// ESM2 as a network that checkpoints hold: EsmModel and EsmForMaskedLM of transformers, and the .pt of fair-esm, whose
// contact head lies in a file of its own. Heads of other tasks on top of it are left out.

import type { Tensor, Weights } from "@proteoscope/engine";
import { z } from "zod";
import { type ConfigFormat, count, epsilon, type Json, rate, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type {
  NamedTensors,
  Network,
  NetworkDefinition,
  StateDict,
} from "../checkpoints/network-definition.ts";
import { regressionSuffix } from "../checkpoints/state-dict.ts";
import { countBlocks, hasPart, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { canonicalEsm2Names } from "./names.ts";
import { contactHead, type Esm2Config, esm2, esm2Presets, languageModelHead } from "./network.ts";

/** The fields of a config.json of transformers' EsmConfig; defaults of absent fields are its own. */
export const esm2Format: ConfigFormat<Esm2Config> = {
  schema: z
    .object({
      vocabSize: size,
      hiddenSize: size.default(768),
      numHiddenLayers: count.default(12),
      numAttentionHeads: count.default(12),
      intermediateSize: size.default(3072),
      layerNormEps: epsilon.default(1e-12),
      tokenDropout: z.boolean().default(false),
      maskTokenId: z.int().min(0),
      padTokenId: z.int().min(0),
      hiddenDropoutProb: rate.default(0.1),
      initializerRange: z.number().positive().default(0.02),
      tieWordEmbeddings: z.boolean().default(true),
      // ESM-1 has absolute positions, which is also what the absence of the field means.
      positionEmbeddingType: z.literal("rotary", "only rotary positions, those of ESM2, are supported"),
    })
    .refine(({ hiddenSize, numAttentionHeads }) => hiddenSize % (2 * numAttentionHeads) === 0, {
      path: ["numAttentionHeads"],
      message: "heads of even width must divide hidden_size",
    })
    .transform(({ positionEmbeddingType: _, ...config }) => config),
  fixed: () => ({
    modelType: "esm",
    positionEmbeddingType: "rotary",
    addCrossAttention: false,
    embLayerNormBefore: false,
    isDecoder: false,
    isFoldingModel: false,
    hiddenAct: "gelu",
    prunedHeads: {},
    ropeTheta: 10000,
  }),
};

/** Prefixes of the parts of ESM2 that a checkpoint has whole or not at all. */
export const esm2Heads = { languageModel: "lm_head.", contact: "esm.contact_head." };

/** ESM2: input_ids, [attention_mask] -> last_hidden_state, and logits where the weights have the language model head. */
export const esm2Definition: NetworkDefinition<"esm2", Esm2Config> = {
  name: "esm2",
  title: "ESM2 (Hugging Face EsmModel, EsmForMaskedLM)",
  format: esm2Format,
  recognizesConfig: (json) => json.model_type === "esm",
  recognizesNames: (has) => has(/(^|\.)(word_embeddings|embed_tokens)\.weight$/),
  canonicalNames: (tensors, config) => canonicalEsm2Names(tensors, { isTied: isTied(tensors, config) }),
  inferConfig: inferEsm2Config,
  companionFiles(path, weights) {
    if (!path.endsWith(".pt") || hasPart(weights, esm2Heads.contact)) return [];
    return [{ path: path.replace(/\.pt$/, regressionSuffix) }];
  },
  foreignNames: /^classifier\./,
  inputs: ({ vocabSize }) => ({
    input_ids: { shape: ["batch", "tokens"], kind: "integer", below: vocabSize },
    attention_mask: { shape: ["batch", "tokens"], kind: "integer", below: 2, optional: true },
  }),
  apply(w, { config, weights }, inputs) {
    const representation = readTokens(w, config, inputs).representations.at(-1)!;
    const outputs: Record<string, Tensor> = { last_hidden_state: representation };
    if (hasPart(weights, esm2Heads.languageModel))
      outputs.logits = languageModelHead(w, config, representation);
    return outputs;
  },
  declareIdle(w, { config, weights }, inputs) {
    if (!hasPart(weights, esm2Heads.contact)) return;
    contactHead(w, config, { inputIds: inputs.input_ids! }, readTokens(w, config, inputs));
  },
  saved: {
    fields: ({ weights }: Network<Esm2Config>) => ({
      architectures: [hasPart(weights, esm2Heads.languageModel) ? "EsmForMaskedLM" : "EsmModel"],
    }),
    floatFields: ["hidden_dropout_prob", "initializer_range", "layer_norm_eps", "rope_theta"],
  },
};

function readTokens(w: Weights, config: Esm2Config, inputs: NamedTensors) {
  return esm2(w, config, { inputIds: inputs.input_ids!, attentionMask: inputs.attention_mask });
}

/**
 * Whether the output weights are the word embeddings: as the configuration says, and without one where no others are
 * stored. transformers overwrites stored output weights that the configuration calls tied.
 */
export function isTied(tensors: StateDict, config: Json | undefined): boolean {
  if (config !== undefined) return config.tie_word_embeddings !== false;
  const [table, other] = [...tensors].flatMap(([name, { data }]) => (tokenTables.test(name) ? [data] : []));
  return table === undefined || other === undefined || table.every((value, i) => value === other[i]);
}

/** Names of word embeddings and output weights in any layout. */
export const tokenTables = /(^|\.)(word_embeddings|embed_tokens|lm_head|lm_head\.decoder)\.weight$/;

function inferEsm2Config(weights: StateDict, stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [vocabSize, hiddenSize] = shapeOf("esm.embeddings.word_embeddings.weight");
  const layers = countBlocks(weights, "esm.encoder.layer.#.");
  return {
    model_type: "esm",
    position_embedding_type: "rotary",
    vocab_size: vocabSize,
    hidden_size: hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: inferHeads(stored, hiddenSize ?? 0, layers, place),
    intermediate_size: shapeOf("esm.encoder.layer.0.intermediate.dense.weight")[0],
    layer_norm_eps: 1e-5,
    token_dropout: true,
    mask_token_id: 32,
    pad_token_id: 1,
    tie_word_embeddings: !weights.has("lm_head.decoder.weight"),
  };
}

/** Rotary frequencies are half a head; the contact head weighs every head; else a released model has these sizes. */
function inferHeads(stored: StateDict, hiddenSize: number, layers: number, place: string): number {
  const last = (pattern: RegExp): number | undefined =>
    [...stored].find(([name]) => pattern.test(name))?.[1].shape.at(-1);
  const frequencies = last(/\.inv_freq$/);
  if (frequencies !== undefined) return hiddenSize / (2 * frequencies);
  const contacts = last(/contact_head\.regression\.weight$/);
  if (contacts !== undefined) return contacts / layers;
  const released = Object.values(esm2Presets).find(
    (preset) => preset.hiddenSize === hiddenSize && preset.numHiddenLayers === layers,
  );
  if (released !== undefined) return released.numAttentionHeads;
  throw new CheckpointError(
    `${place}: the number of attention heads cannot be inferred: put a config.json beside it, or the configuration into its metadata`,
  );
}
