// CELL-Diff v2 (Zheng & Huang 2024, doi:10.1101/2024.10.15.618585; code MIT, Bo Huang Lab): latents of a protein's picture and its
// sequence, denoised together. A U-Net of residual blocks whose attentions look at the sequence, with a transformer over
// the latent's places and the residues in its middle (adaptive normalisation of Peebles & Xie 2022, arXiv:2212.09748).
// Written from a description of the released weights, whose names the parameters carry; ESM2 inside carries transformers'.
//
//   const sequence = cellDiffSequence(w, config, inputIds);               // once per protein
//   const keyValues = cellDiffKeyValues(w, config, sequence);
//   const { noise, sequenceLogits } = cellDiffDenoise(w, config, { sample, cell, timestep, sequence, keyValues }); // stages.ts

import {
  add,
  attention,
  constant,
  expandDims,
  fixed,
  layerNorm,
  linear,
  mul,
  slice,
  split,
  type Tensor,
  tanh,
  type Weights,
} from "@proteoscope/engine";
import { type Esm2Config, esm2 } from "../esm2/network.ts";
import { type KeyValues, mergeHeads, splitHeads } from "../unet/network.ts";

/** Stains on which the picture of a protein is conditioned, in their order. */
export const cellDiffStains = ["nucleus", "er", "microtubules"] as const;

/** Sizes of CELL-Diff. */
export interface CellDiffConfig {
  /** Number of condition images: 3 for weights of the Human Protein Atlas, 1 (the nucleus) for those of OpenCell. */
  readonly numStains: number;
  /** Side of the latents that it was trained on; the positions in its middle are relative to it. */
  readonly sampleSize: number;
  readonly latentChannels: number;
  /** Channels of each level; the last has no attention. */
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly normNumGroups: number;
  /** Number of heads of the U-Net's attentions. */
  readonly unetAttentionHeads: number;
  /** Width of the sequence and of the transformer: four times the channels of the first level. */
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Longest sequence in tokens, with <cls> and <eos>. */
  readonly maxTokens: number;
  /** Number of tokens that the sequence's logits are for. */
  readonly vocabSize: number;
  /** The language model that reads the sequence, in the weights as well. */
  readonly esm: Esm2Config;
}

/** What one step of denoising reads. */
export interface CellDiffInputs {
  /** Noised latents of the protein, [B, latentChannels, H, W]. */
  readonly sample: Tensor;
  /** Latents of the stains, [B, numStains * latentChannels, H, W]. */
  readonly cell: Tensor;
  /** Timesteps of the schedule, [B], of any type. */
  readonly timestep: Tensor;
  /** The output of `cellDiffSequence`, [B, T, hidden]. */
  readonly sequence: Tensor;
  /** The output of `cellDiffKeyValues`. */
  readonly keyValues: KeyValues;
}

/** What one step of denoising gives. */
export interface CellDiffOutputs {
  /** Predicted noise, [B, latentChannels, H, W]. */
  readonly noise: Tensor;
  /** Logits of each token, [B, T, vocab]. */
  readonly sequenceLogits: Tensor;
}

/** Epsilon of the U-Net's normalisations and of the last one. */
export const unetEpsilon = 1e-5;
/** Epsilon of the transformer's normalisations, which have no parameters. */
const transformerEpsilon = 1e-6;

/** Tokens [B, T] -> what the networks read of a sequence, [B, T, hidden]. Padding is hidden in the language model alone. */
export function cellDiffSequence(w: Weights, config: CellDiffConfig, inputIds: Tensor): Tensor {
  const { representations } = esm2(languageModelOf(w), config.esm, { inputIds });
  return placeSequence(w, config, representations.at(-1)!);
}

/** The parameters of the language model inside. */
export function languageModelOf(w: Weights): Weights {
  return w.at("net", "protein_sequence_embedding", "model");
}

/** The language model's representation of a sequence with its places, [B, T, hidden] -> [B, T, hidden]. */
export function placeSequence(w: Weights, config: CellDiffConfig, representation: Tensor): Tensor {
  const { hiddenSize, maxTokens } = config;
  const net = w.at("net");
  const tokens = fixed(representation.shape[1], "cell-diff", "the number of tokens");
  const projected = linear(net.at("seq_proj_in"), representation, hiddenSize);
  const small = { kind: "normal", deviation: 0.02 } as const;
  const places = net.parameter("protein_sequence_pos_embed", [1, maxTokens, hiddenSize], small);
  return add(add(projected, slice(places, 1, 0, tokens)), tokenType(net, config, 1));
}

/** The row of the table of kinds: 0 for places of the image, 1 for residues; [1, hidden]. */
export function tokenType(net: Weights, { hiddenSize }: CellDiffConfig, row: 0 | 1): Tensor {
  const small = { kind: "normal", deviation: 0.02 } as const;
  return slice(net.at("token_type_embeddings").parameter("weight", [2, hiddenSize], small), 0, row, row + 1);
}

/** Keys and values of all cross-attentions for `cellDiffSequence`'s output; they do not depend on the timestep. */
export function cellDiffKeyValues(w: Weights, config: CellDiffConfig, sequence: Tensor): KeyValues {
  return Object.fromEntries(
    crossAttentions(config).map(({ name, channels }) => [
      name,
      linear(w.at(name), sequence, channels, { bias: false }),
    ]),
  );
}

/** Names of the projections to keys and values, and their widths. */
export function crossAttentions(config: CellDiffConfig): { name: string; channels: number }[] {
  const { blockOutChannels: channels, layersPerBlock } = config;
  const last = channels.length - 1;
  const block = (path: string, layers: number, width: number) =>
    Array.from({ length: layers }, (_, layer) => `${path}.attentions.${layer}.transformer_blocks.0.attn2`)
      .flatMap((path) => [`${path}.to_k`, `${path}.to_v`])
      .map((name) => ({ name, channels: width }));
  return channels.flatMap((_, index) => [
    ...(index < last ? block(`net.down_blocks.${index}`, layersPerBlock, channels[index]!) : []),
    ...(index > 0 ? block(`net.up_blocks.${index}`, layersPerBlock + 1, channels[last - index]!) : []),
  ]);
}

/** One block whose normalisations are shifted, scaled and gated by the time: h [B, N, hidden] -> the same. */
export function adaptiveBlock(w: Weights, config: CellDiffConfig, h: Tensor, active: Tensor): Tensor {
  const { hiddenSize, numAttentionHeads } = config;
  const parts = modulation(w, active, hiddenSize, 6);
  const [shift1, scale1, gate1, shift2, scale2, gate2] = parts as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const packed = linear(w.at("attn", "qkv"), modulate(w, h, shift1, scale1), 3 * hiddenSize);
  const [query, key, value] = split(packed, 2, [hiddenSize, hiddenSize, hiddenSize]).map((y) =>
    splitHeads(y, numAttentionHeads),
  );
  const attended = linear(w.at("attn", "proj"), mergeHeads(attention(query!, key!, value!)), hiddenSize);
  const middle = add(h, mul(gate1, attended));
  const inner = geluTanh(linear(w.at("mlp", "fc1"), modulate(w, middle, shift2, scale2), 4 * hiddenSize));
  return add(middle, mul(gate2, linear(w.at("mlp", "fc2"), inner, hiddenSize)));
}

/** Parts of the layer that the time modulates a block by, each [B, 1, hidden]. */
export function modulation(w: Weights, active: Tensor, hiddenSize: number, parts: number): Tensor[] {
  const all = expandDims(linear(w.at("adaLN_modulation", 1), active, parts * hiddenSize), 1);
  return split(all, 2, Array<number>(parts).fill(hiddenSize));
}

export function modulate(w: Weights, x: Tensor, shift: Tensor, scale: Tensor): Tensor {
  const normal = layerNorm(w, x, transformerEpsilon, { weight: false, bias: false });
  return add(mul(normal, add(scale, 1)), shift);
}

/** The tanh form of GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415). */
function geluTanh(x: Tensor): Tensor {
  const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** Sinusoids of the places of a grid, row by row, [1, grid^2, width]: the first half says x, the second y. */
export function placeTable(grid: number, base: number, width: number): Tensor {
  const quarter = width / 4;
  const data = new Float32Array(grid * grid * width);
  for (let row = 0; row < grid; row += 1)
    for (let column = 0; column < grid; column += 1)
      for (let k = 0; k < quarter; k += 1) {
        const start = (row * grid + column) * width + k;
        for (const [half, index] of [column, row].entries()) {
          const angle = (index * (base / grid)) / 10000 ** (k / quarter);
          data[start + 2 * half * quarter] = Math.sin(angle);
          data[start + (2 * half + 1) * quarter] = Math.cos(angle);
        }
      }
  return constant({ dtype: "float32", shape: [1, grid * grid, width], data });
}
