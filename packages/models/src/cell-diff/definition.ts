// CELL-Diff as a network that checkpoints hold: the released state dict, ESM2 inside. Its autoencoder is a file of its own,
// which is diffusers' AutoencoderKL (../autoencoder-kl).

import { z } from "zod";
import { type ConfigFormat, count, formatConfig, type Json, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { esm2Format } from "../esm2/definition.ts";
import { canonicalEsm2Names } from "../esm2/names.ts";
import { esm2Config } from "../esm2/network.ts";
import { type CellDiffConfig, cellDiffKeyValues, cellDiffSequence } from "./network.ts";
import { cellDiffDenoise } from "./stages.ts";

/** The fields of a config.json. The released files have none: names and shapes show what is in it. */
export const cellDiffFormat: ConfigFormat<CellDiffConfig> = {
  schema: z
    .object({
      numStains: z.int().min(1).max(3),
      sampleSize: size,
      latentChannels: size,
      blockOutChannels: z.array(size).min(2).max(16),
      layersPerBlock: count,
      normNumGroups: count,
      unetAttentionHeads: count,
      hiddenSize: size,
      numHiddenLayers: count,
      numAttentionHeads: count,
      maxTokens: size,
      vocabSize: size,
      esm: esm2Format.schema,
    })
    .refine(({ blockOutChannels, hiddenSize }) => hiddenSize === 4 * blockOutChannels[0]!, {
      path: ["hiddenSize"],
      message: "must be four times the channels of the first level",
    })
    .refine(({ esm, hiddenSize }) => esm.hiddenSize === hiddenSize, {
      path: ["esm", "hiddenSize"],
      message: "must be hidden_size",
    }),
  fixed: () => ({ modelType: "cell-diff" }),
  inside: ({ esm }) => ({ esm: formatConfig(esm2Format, esm) }),
};

const esmPrefix = "net.protein_sequence_embedding.model.";

/** CELL-Diff: sample, cell, timestep, input_ids -> noise, sequence_logits. */
export const cellDiffDefinition: NetworkDefinition<"cell-diff", CellDiffConfig> = {
  name: "cell-diff",
  title: "CELL-Diff v2 (Bo Huang Lab)",
  format: cellDiffFormat,
  recognizesConfig: (json) => json.model_type === "cell-diff",
  recognizesNames: (has) => has(/^net\.img_conv_in\./) && has(/^net\.unified_encoder\./),
  canonicalNames: canonicalCellDiffNames,
  inferConfig: inferCellDiffConfig,
  inputs: ({ latentChannels, numStains, vocabSize }) => ({
    sample: { shape: ["batch", latentChannels, "height", "width"], kind: "float" },
    cell: { shape: ["batch", numStains * latentChannels, "height", "width"], kind: "float" },
    timestep: { shape: ["batch"], kind: "integer" },
    input_ids: { shape: ["batch", "tokens"], kind: "integer", below: vocabSize },
  }),
  apply(w, { config }, { sample, cell, timestep, input_ids }) {
    const sequence = cellDiffSequence(w, config, input_ids!);
    const keyValues = cellDiffKeyValues(w, config, sequence);
    const { noise, sequenceLogits } = cellDiffDenoise(w, config, {
      ...{ sample: sample!, cell: cell!, timestep: timestep! },
      ...{ sequence, keyValues },
    });
    return { noise, sequence_logits: sequenceLogits };
  },
  /** The latent that stands for a stain that is missing. */
  declareIdle(w, { config: { sampleSize } }) {
    w.parameter("cell_img_placeholder", [sampleSize, sampleSize], { kind: "normal", deviation: 1 });
  },
  smallestSizes: ({ blockOutChannels }) => {
    const side = 2 ** (blockOutChannels.length - 1);
    return { height: side, width: side };
  },
};

/** ESM2 inside under transformers' names, without its heads, which are not used. */
export function canonicalCellDiffNames<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const isInside = (name: string): boolean => name.startsWith(esmPrefix);
  const own = [...tensors].filter(([name]) => !isInside(name));
  const inside = [...tensors].flatMap(([name, value]) =>
    isInside(name) ? [[name.slice(esmPrefix.length), value] as const] : [],
  );
  const esm = [...canonicalEsm2Names(new Map(inside))].filter(
    ([name]) => !/^(lm_head\.|esm\.contact_head\.)/.test(name),
  );
  return new Map([...own, ...esm.map(([name, value]) => [esmPrefix + name, value] as const)]);
}

export function inferCellDiffConfig(weights: StateDict, stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const levels = countBlocks(weights, "net.down_blocks.#.");
  const blockOutChannels = Array.from(
    { length: levels },
    (_, index) => shapeOf(`net.down_blocks.${index}.resnets.0.conv1.weight`)[0]!,
  );
  const [latentChannels] = shapeOf("net.img_conv_out.weight") as [number];
  const [, maxTokens, hiddenSize] = shapeOf("net.protein_sequence_pos_embed") as [number, number, number];
  const [vocab] = shapeOf("net.seq_proj_out.weight") as [number];
  const layers = countBlocks(weights, `${esmPrefix}esm.encoder.layer.#.`);
  if (hiddenSize !== 1280)
    throw new CheckpointError(
      `${place}: the numbers of attention heads cannot be inferred for a width of ${hiddenSize}: put a config.json beside it`,
    );
  const frequencies = [...stored].find(([name]) => name.endsWith(".rot_emb.inv_freq"))?.[1].shape[0] ?? 32;
  return {
    model_type: "cell-diff",
    num_stains: shapeOf("net.img_conv_in.weight")[1]! / latentChannels - 1,
    sample_size: shapeOf("cell_img_placeholder")[0],
    latent_channels: latentChannels,
    block_out_channels: blockOutChannels,
    layers_per_block: countBlocks(weights, "net.down_blocks.0.resnets.#."),
    norm_num_groups: 32,
    unet_attention_heads: 8,
    hidden_size: hiddenSize,
    num_hidden_layers: countBlocks(weights, "net.unified_encoder.#."),
    num_attention_heads: 8,
    max_tokens: maxTokens,
    vocab_size: vocab,
    esm: {
      ...{
        hidden_size: hiddenSize,
        num_hidden_layers: layers,
        num_attention_heads: hiddenSize / (2 * frequencies),
      },
      ...{ vocab_size: 33, intermediate_size: 4 * hiddenSize, layer_norm_eps: 1e-5, token_dropout: true },
      ...{ mask_token_id: 32, pad_token_id: 1, position_embedding_type: "rotary" },
    },
  };
}

/** The released sizes: latents of 64, 1 billion parameters, and ESM2 of 650 million. */
export const cellDiffDefaults: CellDiffConfig = {
  numStains: 3,
  sampleSize: 64,
  latentChannels: 4,
  blockOutChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
  normNumGroups: 32,
  unetAttentionHeads: 8,
  hiddenSize: 1280,
  numHiddenLayers: 8,
  numAttentionHeads: 8,
  maxTokens: 2050,
  vocabSize: 32,
  esm: esm2Config({ numHiddenLayers: 33, hiddenSize: 1280, numAttentionHeads: 20 }),
};
