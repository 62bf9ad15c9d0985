// ESMC as a network that checkpoints hold: EsmcModel and EsmcForMaskedLM of transformers, and the two layouts of its makers,
// which pack matrices (names.ts).

import type { NdArray } from "@proteoscope/formats";
import { z } from "zod";
import { type ConfigFormat, count, type Json, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { Network, NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, hasPart, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { canonicalEsmcNames, esmcNames } from "./names.ts";
import { type EsmcConfig, esmc, esmcHead, esmcIntermediateSize, esmcPresets } from "./network.ts";

/** The fields of a config.json of transformers' EsmcConfig, or of the makers' own, which says d_model and n_layers. */
export const esmcFormat: ConfigFormat<EsmcConfig> = {
  schema: z.preprocess(
    (json) => withTransformersNames(json as Json),
    z
      .object({
        modelType: z.literal("esmc").default("esmc"),
        vocabSize: size,
        hiddenSize: size,
        numHiddenLayers: count,
        numAttentionHeads: count,
        intermediateSize: size,
        padTokenId: z.int().min(0).default(1),
        maskTokenId: z.int().min(0).default(32),
      })
      .refine(({ hiddenSize, numAttentionHeads }) => hiddenSize % (2 * numAttentionHeads) === 0, {
        path: ["numAttentionHeads"],
        message: "heads of even width must divide hidden_size",
      }),
  ),
  fixed: ({ hiddenSize, numAttentionHeads }) => ({
    modelType: "esmc",
    hiddenAct: "silu",
    headDim: hiddenSize / numAttentionHeads,
    numKeyValueHeads: numAttentionHeads,
    attentionBias: false,
    mlpBias: false,
    tieWordEmbeddings: false,
    ropeParameters: { ropeTheta: 10000, ropeType: "default" },
  }),
};

function withTransformersNames(json: Json): Json {
  const { dModel, nHeads, nLayers, ...rest } = json;
  if (dModel === undefined) return json;
  return {
    hiddenSize: dModel,
    numAttentionHeads: nHeads,
    numHiddenLayers: nLayers,
    intermediateSize: typeof dModel === "number" ? esmcIntermediateSize(dModel) : undefined,
    ...rest,
  };
}

/** Prefix of the head, which a checkpoint has whole or not at all. */
export const esmcHeadPrefix = "lm_head.";

/** ESMC: input_ids, [attention_mask] -> last_hidden_state, and logits where the weights have the language model head. */
export const esmcDefinition: NetworkDefinition<"esmc", EsmcConfig> = {
  name: "esmc",
  title: "ESMC (Biohub, transformers EsmcForMaskedLM)",
  format: esmcFormat,
  recognizesConfig: (json) =>
    json.model_type === "esmc" ||
    (Array.isArray(json.architectures) && json.architectures.includes("ESMCForMaskedLM")),
  recognizesNames: (has) => has(esmcNames),
  canonicalNames: (tensors, _, place) => canonicalEsmcNames(tensors, splitArray, place),
  inferConfig: inferEsmcConfig,
  inputs: ({ vocabSize }) => ({
    input_ids: { shape: ["batch", "tokens"], kind: "integer", below: vocabSize },
    attention_mask: { shape: ["batch", "tokens"], kind: "integer", below: 2, optional: true },
  }),
  apply(w, { config, weights }, inputs) {
    const { representations } = esmc(w, config, {
      inputIds: inputs.input_ids!,
      attentionMask: inputs.attention_mask,
    });
    const last = representations.at(-1)!;
    return {
      last_hidden_state: last,
      ...(hasPart(weights, esmcHeadPrefix) && { logits: esmcHead(w, config, last) }),
    };
  },
  saved: {
    fields: ({ weights }: Network<EsmcConfig>) => ({
      architectures: [hasPart(weights, esmcHeadPrefix) ? "EsmcForMaskedLM" : "EsmcModel"],
    }),
  },
};

/** Equal parts of an array along its first axis, in the same memory. */
export function splitArray({ dtype, shape: [rows = 0, ...rest], data }: NdArray, parts: number): NdArray[] {
  const length = Math.floor(data.length / parts);
  return Array.from({ length: parts }, (_, part) => ({
    dtype,
    shape: [rows / parts, ...rest],
    data: data.subarray(part * length, (part + 1) * length),
  }));
}

function inferEsmcConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [vocabSize, hiddenSize] = shapeOf("esmc.embed_tokens.weight");
  const numHiddenLayers = countBlocks(weights, "esmc.layers.#.");
  const released = Object.values(esmcPresets).find(
    (preset) => preset.hiddenSize === hiddenSize && preset.numHiddenLayers === numHiddenLayers,
  );
  if (released === undefined)
    throw new CheckpointError(
      `${place}: the number of attention heads cannot be inferred for ${numHiddenLayers} layers of ${hiddenSize}: put a config.json beside it`,
    );
  return {
    model_type: "esmc",
    vocab_size: vocabSize,
    hidden_size: hiddenSize,
    num_hidden_layers: numHiddenLayers,
    num_attention_heads: released.numAttentionHeads,
    intermediate_size: shapeOf("esmc.layers.0.mlp.gate_proj.weight")[0],
  };
}
