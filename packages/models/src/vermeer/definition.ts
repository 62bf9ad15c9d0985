// Vermeer and its picture tokenizer as networks that checkpoints hold: the released .ckpt of training, and LlamaGen's
// vq_ds16_c2i.pt. Tables of the model that training started from are left out.

import { product, reshape } from "@proteoscope/engine";
import { z } from "zod";
import { type ConfigFormat, count, type Json, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, hasPart, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { unconditional, type VermeerConfig, vermeer, vermeerCondition } from "./network.ts";
import { vocabularySize } from "./tokens.ts";
import { type VermeerVqConfig, vermeerVqDecode, vermeerVqEncode, vermeerVqIndices } from "./vq-network.ts";

/** The fields of a config.json. The released files have none: names and shapes show what is in it. */
export const vermeerFormat: ConfigFormat<VermeerConfig> = {
  schema: z
    .object({
      hiddenSize: size,
      numHiddenLayers: count,
      numAttentionHeads: count,
      intermediateSize: size,
      conditionSize: size,
      pooling: z.enum(["mean", "attention"]),
      numCodes: size,
      numStains: z.int().min(1).max(16),
      gridSide: z.int().min(1).max(256),
    })
    .refine(({ hiddenSize, numAttentionHeads }) => hiddenSize % (4 * numAttentionHeads) === 0, {
      path: ["numAttentionHeads"],
      message: "heads whose width is a multiple of 4 must divide hidden_size",
    }),
  fixed: () => ({ modelType: "vermeer", normEps: 1e-5, ropeBase: 10000 }),
};

/** Vermeer: input_ids, embeddings -> logits, one position more than there are tokens. */
export const vermeerDefinition: NetworkDefinition<"vermeer", VermeerConfig> = {
  name: "vermeer",
  title: "Vermeer (Microsoft)",
  format: vermeerFormat,
  recognizesConfig: (json) => json.model_type === "vermeer",
  recognizesNames: (has) => has(/^tok_embeddings_extended\./) && has(/^layers\.0\.attention\.wqkv\./),
  canonicalNames: (tensors) =>
    new Map([...tensors].filter(([name]) => !/^(tok_embeddings|output)\.weight$/.test(name))),
  inferConfig: inferVermeerConfig,
  inputs: (config) => ({
    input_ids: { shape: ["batch", "tokens"], kind: "integer", below: vocabularySize(config) },
    embeddings: {
      shape: ["batch", config.pooling === "mean" ? 1 : "residues", config.conditionSize],
      kind: "float",
    },
  }),
  apply(w, { config }, { input_ids, embeddings }) {
    const condition = vermeerCondition(w, config, embeddings!);
    return { logits: vermeer(w, config, { tokens: input_ids!, condition }) };
  },
  /** The vector that stands for no protein. */
  declareIdle: (w, { config }) => void unconditional(w, config),
};

/** The fields of a config.json of the tokenizer; the released file has none. */
export const vermeerVqFormat: ConfigFormat<VermeerVqConfig> = {
  schema: z
    .object({
      numChannels: size,
      channelMultipliers: z.array(count).min(1).max(16),
      numResBlocks: count,
      latentChannels: size,
      numCodes: size,
      codeWidth: size,
      normNumGroups: count,
    })
    .refine(({ numChannels, normNumGroups }) => numChannels % normNumGroups === 0, {
      path: ["numChannels"],
      message: "must be a multiple of norm_num_groups",
    }),
  fixed: () => ({ modelType: "vermeer-vq", codebookL2Norm: true }),
};

/** The tokenizer, either way: sample -> indices; indices of a square of codes -> sample. */
export const vermeerVqDefinition: NetworkDefinition<"vermeer-vq", VermeerVqConfig> = {
  name: "vermeer-vq",
  title: "VQ-16 (LlamaGen), Vermeer's picture tokenizer",
  format: vermeerVqFormat,
  recognizesConfig: (json) => json.model_type === "vermeer-vq",
  recognizesNames: (has) => has(/^encoder\.conv_blocks\./) && has(/^quantize\.embedding\.weight$/),
  canonicalNames: (tensors) => new Map([...tensors].filter(([name]) => name !== "quantize.codebook_used")),
  inferConfig: inferVqConfig,
  inputs: ({ numCodes }) => ({
    sample: { shape: ["pictures", 3, "height", "width"], kind: "float", optional: { with: "indices" } },
    indices: { shape: ["batch", "rows", "columns"], kind: "integer", below: numCodes, optional: true },
  }),
  apply(w, { config }, { sample, indices }) {
    const [batch, height, width] = indices?.shape ?? [];
    return {
      ...(sample && { indices: vermeerVqIndices(w, config, vermeerVqEncode(w, config, sample)) }),
      ...(indices && {
        sample: vermeerVqDecode(w, config, reshape(indices, [batch!, product([height!, width!])]), {
          height: height as number,
          width: width as number,
        }),
      }),
    };
  },
  smallestSizes: ({ channelMultipliers }) => {
    const side = 2 ** (channelMultipliers.length - 1);
    return { height: side, width: side };
  },
};

function inferVermeerConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [vocabulary, hiddenSize] = shapeOf("tok_embeddings_extended.weight") as [number, number];
  if (![768, 1024, 1280].includes(hiddenSize))
    throw new CheckpointError(
      `${place}: heads and stains cannot be inferred for a width of ${hiddenSize}: put a config.json beside it`,
    );
  const numStains = 4;
  return {
    model_type: "vermeer",
    hidden_size: hiddenSize,
    num_hidden_layers: countBlocks(weights, "layers.#."),
    num_attention_heads: hiddenSize / 64,
    intermediate_size: shapeOf("layers.0.feed_forward.w1.weight")[0],
    condition_size: shapeOf("cls_embedding.uncond_embedding").at(-1),
    pooling: hasPart(weights, "cls_embedding.attn_head.") ? "attention" : "mean",
    num_codes: vocabulary - 2 * numStains - 1,
    num_stains: numStains,
    grid_side: 16,
  };
}

function inferVqConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const [numChannels] = shapeOf("encoder.conv_in.weight") as [number];
  const [numCodes, codeWidth] = shapeOf("quantize.embedding.weight") as [number, number];
  const levels = countBlocks(weights, "encoder.conv_blocks.#.");
  return {
    model_type: "vermeer-vq",
    num_channels: numChannels,
    channel_multipliers: Array.from(
      { length: levels },
      (_, level) => shapeOf(`encoder.conv_blocks.${level}.res.0.conv1.weight`)[0]! / numChannels,
    ),
    num_res_blocks: countBlocks(weights, "encoder.conv_blocks.0.res.#."),
    latent_channels: shapeOf("quant_conv.weight")[1],
    num_codes: numCodes,
    code_width: codeWidth,
    norm_num_groups: 32,
  };
}
