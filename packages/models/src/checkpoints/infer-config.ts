// What a bare state dict says about its network: sizes are in the shapes, blocks in the names. What they do not say
// (heads and groups of the diffusers networks, strides and image size of cytoself) is taken to be the library's default.

import type { NdArray } from "@proteoscope/formats";
import { inferProjections, recognizeProjections } from "../contrastive/checkpoint.ts";
import { cytoselfDefaults } from "../cytoself/network.ts";
import { esm2Presets } from "../esm2/network.ts";
import type { Architecture, StateDict } from "./architectures.ts";
import type { Json } from "./config-json.ts";
import { CheckpointError } from "./file-source.ts";

/** The architecture whose parameters these are, or undefined if they are none's. */
export function recognizeNames(stateDict: StateDict): Architecture | undefined {
  const has = (pattern: RegExp): boolean => [...stateDict.keys()].some((name) => pattern.test(name));
  if (has(/(^|\.)(word_embeddings|embed_tokens)\.weight$/)) return "esm2";
  if (has(/^down_blocks\./) && has(/^time_embedding\./)) return "unet";
  if (has(/(^|\.)vq_layers\.0\.codebook\.weight$/)) return "cytoself";
  if (has(/^encoder\.down_blocks\./) && has(/^quant_conv\./)) return "autoencoder";
  return recognizeProjections(has);
}

/**
 * The fields of the config.json that a state dict would have.
 *
 * @param weights under canonical names
 * @param stored under the names of the file, which for ESM2 has entries that tell the number of heads
 * @throws CheckpointError when the sizes are not all there.
 */
export function inferConfig(
  architecture: Architecture,
  weights: StateDict,
  stored: StateDict,
  place: string,
): Json {
  const shapeOf = (name: string): readonly number[] => {
    const value = weights.get(name);
    if (value === undefined)
      throw new CheckpointError(`${place}: without config.json, ${name} is needed to tell the sizes`);
    return value.shape;
  };
  const blocks = (pattern: string): number => countBlocks(weights, pattern);
  switch (architecture) {
    case "esm2": {
      const [vocabSize, hiddenSize] = shapeOf("esm.embeddings.word_embeddings.weight");
      const layers = blocks("esm.encoder.layer.#.");
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
      };
    }
    case "unet": {
      const widths = Array.from(
        { length: blocks("down_blocks.#.") },
        (_, index) => shapeOf(`down_blocks.${index}.resnets.0.conv1.weight`)[0],
      );
      const kinds = (side: "down" | "up", [crossed, plain]: readonly [string, string]) =>
        widths.map((_, index) => (blocks(`${side}_blocks.${index}.attentions.#.`) > 0 ? crossed : plain));
      return {
        in_channels: shapeOf("conv_in.weight")[1],
        out_channels: shapeOf("conv_out.weight")[0],
        block_out_channels: widths,
        layers_per_block: blocks("down_blocks.0.resnets.#."),
        down_block_types: kinds("down", ["CrossAttnDownBlock2D", "DownBlock2D"]),
        up_block_types: kinds("up", ["CrossAttnUpBlock2D", "UpBlock2D"]),
        cross_attention_dim: shapeOf("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")[1],
        time_cond_proj_dim: weights.get("time_embedding.cond_proj.weight")?.shape[1] ?? null,
      };
    }
    case "autoencoder": {
      const widths = Array.from(
        { length: blocks("encoder.down_blocks.#.") },
        (_, index) => shapeOf(`encoder.down_blocks.${index}.resnets.0.conv1.weight`)[0],
      );
      return {
        in_channels: shapeOf("encoder.conv_in.weight")[1],
        out_channels: shapeOf("decoder.conv_out.weight")[0],
        latent_channels: shapeOf("post_quant_conv.weight")[0],
        block_out_channels: widths,
        layers_per_block: blocks("encoder.down_blocks.0.resnets.#."),
      };
    }
    case "cytoself": {
      const [numEmbeddings, embeddingDim] = shapeOf("vq_layers.0.codebook.weight");
      const channels = shapeOf("encoders.0.features.0.0.weight")[1];
      const codeChannels = shapeOf("encoders.1.features.0.0.weight")[1]!;
      const layers = blocks("fc_layers.1.fc_list.#.weight");
      return {
        input_shape: [channels, ...cytoselfDefaults.inputShape.slice(1)],
        vq_args: {
          num_embeddings: numEmbeddings,
          embedding_dim: embeddingDim,
          channel_split: codeChannels / embeddingDim!,
        },
        fc_args: {
          num_layers: layers,
          num_features: shapeOf("fc_layers.1.fc_list.1.weight")[0],
        },
        num_class: shapeOf(`fc_layers.1.fc_list.${3 * layers - 2}.weight`)[0],
      };
    }
    case "clip":
    case "triplet":
    case "cytoclass":
      return inferProjections(shapeOf, weights, blocks("esm_bottleneck.encoder.layers.#."), place);
  }
}

/** How many numbers stand for `#` in names that begin with `pattern`. */
function countBlocks(stateDict: StateDict, pattern: string): number {
  const [before, after] = pattern.split("#") as [string, string];
  const numbers = new Set<string>();
  for (const name of stateDict.keys()) {
    if (!name.startsWith(before)) continue;
    const digits = /^\d+/.exec(name.slice(before.length))?.[0];
    if (digits !== undefined && name.startsWith(after, before.length + digits.length)) numbers.add(digits);
  }
  return numbers.size;
}

/** Rotary frequencies are half a head; the contact head weighs every head; else a released model has these sizes. */
function inferHeads(stored: StateDict, hiddenSize: number, layers: number, place: string): number {
  const last = (pattern: RegExp): number | undefined => {
    const value: NdArray | undefined = [...stored].find(([name]) => pattern.test(name))?.[1];
    return value?.shape.at(-1);
  };
  const frequencies = last(/\.inv_freq$/);
  if (frequencies !== undefined) return hiddenSize / (2 * frequencies);
  const contacts = last(/contact_head\.regression\.weight$/);
  if (contacts !== undefined) return contacts / layers;
  const released = Object.values(esm2Presets).find(
    (preset) => preset.hiddenSize === hiddenSize && preset.numHiddenLayers === layers,
  );
  if (released !== undefined) return released.numAttentionHeads;
  throw new CheckpointError(
    `${place}: the number of attention heads is not told: put a config.json beside it, or the configuration into its metadata`,
  );
}
