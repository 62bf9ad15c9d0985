// The denoiser: diffusers' UNet2DConditionModel (https://huggingface.co/docs/diffusers/api/models/unet2d-cond), a U-Net of
// residual blocks whose transformers look at a sequence (Rombach et al. 2022, arXiv:2112.10752). Parameters carry diffusers'
// state-dict names. Sides of any size: upsampling restores the size that downsampling rounded up.
//
//   const { sequence, mask } = inputs;                  // [B, L, crossAttentionDim], [B, L]
//   const keyValues = crossAttentionKeyValues(w, config, sequence);      // the same at every step of a sampling run
//   const noise = unet(w, config, { sample, timestep, timestepCond, keyValues, mask });

import {
  add,
  attention,
  cast,
  concat,
  convolution,
  cos,
  type Dim,
  expandDims,
  fanInUniform,
  fixed,
  gelu,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  mul,
  product,
  reshape,
  resizeNearest,
  type Shape,
  silu,
  sin,
  split,
  sub,
  type Tensor,
  transpose,
  vector,
  type Weights,
} from "@proteoscope/engine";

/** Field names and meanings of diffusers' config.json, in camel case. */
export interface UnetConfig {
  readonly sampleSize: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly downBlockTypes: readonly ("CrossAttnDownBlock2D" | "DownBlock2D")[];
  readonly upBlockTypes: readonly ("CrossAttnUpBlock2D" | "UpBlock2D")[];
  readonly blockOutChannels: readonly number[];
  /** Number of residual blocks in a down block; an up block has one more. */
  readonly layersPerBlock: number;
  readonly crossAttentionDim: number;
  /** Width of `timestepCond`; null where the time embedding takes no condition. */
  readonly timeCondProjDim: number | null;
  /** The NUMBER of heads: diffusers keeps the misnomer for the sake of old checkpoints. */
  readonly attentionHeadDim: number;
  readonly normNumGroups: number;
  readonly normEps: number;
}

/** The paper-size denoiser: latent and nuclear distance in, noise out, on embeddings of the 650M language model. */
export const unetDefaults: UnetConfig = {
  sampleSize: 25,
  inChannels: 5,
  outChannels: 4,
  downBlockTypes: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
  upBlockTypes: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
  blockOutChannels: [128, 256, 512],
  layersPerBlock: 2,
  crossAttentionDim: 1280,
  timeCondProjDim: 1280,
  attentionHeadDim: 8,
  normNumGroups: 32,
  normEps: 1e-5,
};

/** A batch of samples, and what the denoiser is conditioned on. */
export interface UnetInputs {
  /** Samples, [B, inChannels, H, W]. */
  sample: Tensor;
  /** Timesteps, [B] or [1], of any type. */
  timestep: Tensor;
  /** Condition of the time embedding, [B or 1, timeCondProjDim]; zeros when absent, unused where the config has none. */
  timestepCond?: Tensor;
  /** The output of `crossAttentionKeyValues`; the null condition, a sequence of zeros, when absent. */
  keyValues?: KeyValues;
  /** Mask of the sequence, [B or 1, L], true (or 1) at residues; no padding when absent. Cross-attention alone uses it. */
  mask?: Tensor;
}

/** Keys and values [B, L, channels] by the names of their projections, "...attn2.to_k" and "...attn2.to_v". */
export type KeyValues = Readonly<Record<string, Tensor>>;

/** Predicts the noise or velocity in samples, [B, outChannels, H, W]. */
export function unet(w: Weights, config: UnetConfig, inputs: UnetInputs): Tensor {
  const { sample, keyValues, mask } = inputs;
  const channels = config.blockOutChannels;
  const context: Context = {
    config,
    timeEmbedding: silu(timeEmbedding(w.at("time_embedding"), config, inputs)),
    keyValues,
    bias: mask === undefined ? undefined : attentionBias(mask),
  };
  let x = convolution(w.at("conv_in"), sample, channels[0]!, { kernel: 3, padding: 1 });
  const skips = [x];
  for (const [index, type] of config.downBlockTypes.entries()) {
    const path = `down_blocks.${index}`;
    for (let layer = 0; layer < config.layersPerBlock; layer++) {
      x = residualBlock(w.at(path, "resnets", layer), context, x, channels[index]!);
      if (type === "CrossAttnDownBlock2D") x = transformer(w, context, `${path}.attentions.${layer}`, x);
      skips.push(x);
    }
    if (index === channels.length - 1) continue;
    const downsampler = w.at(path, "downsamplers", 0, "conv");
    x = convolution(downsampler, x, channels[index]!, { kernel: 3, stride: 2, padding: 1 });
    skips.push(x);
  }
  x = residualBlock(w.at("mid_block", "resnets", 0), context, x, channels.at(-1)!);
  x = transformer(w, context, "mid_block.attentions.0", x);
  x = residualBlock(w.at("mid_block", "resnets", 1), context, x, channels.at(-1)!);
  for (const [index, type] of config.upBlockTypes.entries()) {
    const path = `up_blocks.${index}`;
    const width = channels.at(-1 - index)!;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      x = residualBlock(w.at(path, "resnets", layer), context, concat([x, skips.pop()!], 1), width);
      if (type === "CrossAttnUpBlock2D") x = transformer(w, context, `${path}.attentions.${layer}`, x);
    }
    const next = skips.at(-1);
    if (next === undefined) continue;
    const size = { height: fixedSide(next, 2), width: fixedSide(next, 3) };
    const upsampler = w.at(path, "upsamplers", 0, "conv");
    x = convolution(upsampler, resizeNearest(x, size), width, { kernel: 3, padding: 1 });
  }
  x = silu(groupNorm(w.at("conv_norm_out"), x, config.normNumGroups, config.normEps));
  return convolution(w.at("conv_out"), x, config.outChannels, { kernel: 3, padding: 1 });
}

/** The keys and values of all cross-attentions for a sequence [B, L, crossAttentionDim]; they do not depend on the timestep. */
export function crossAttentionKeyValues(w: Weights, config: UnetConfig, sequence: Tensor): KeyValues {
  const entries = crossAttentionProjections(config).map(({ name, channels }): [string, Tensor] => {
    return [name, linear(w.at(name), sequence, channels, { bias: false })];
  });
  return Object.fromEntries(entries);
}

/** The types of `KeyValues`, for a program that takes them as inputs. */
export function keyValueTypes(config: UnetConfig, batch: Dim, residues: Dim): Record<string, KeyValueType> {
  const entries = crossAttentionProjections(config).map(({ name, channels }): [string, KeyValueType] => {
    return [name, { dtype: "float32", shape: [batch, residues, channels] }];
  });
  return Object.fromEntries(entries);
}

interface KeyValueType {
  dtype: "float32";
  shape: Shape;
}

function crossAttentionProjections(config: UnetConfig): { name: string; channels: number }[] {
  const { blockOutChannels, downBlockTypes, upBlockTypes, layersPerBlock } = config;
  const inBlock = (block: string, layers: number, channels: number) =>
    Array.from({ length: layers }, (_, layer) => `${block}.attentions.${layer}.transformer_blocks.0.attn2`)
      .flatMap((attention) => [`${attention}.to_k`, `${attention}.to_v`])
      .map((name) => ({ name, channels }));
  return [
    ...downBlockTypes.flatMap((type, index) =>
      type === "DownBlock2D" ? [] : inBlock(`down_blocks.${index}`, layersPerBlock, blockOutChannels[index]!),
    ),
    ...inBlock("mid_block", 1, blockOutChannels.at(-1)!),
    ...upBlockTypes.flatMap((type, index) =>
      type === "UpBlock2D"
        ? []
        : inBlock(`up_blocks.${index}`, layersPerBlock + 1, blockOutChannels.at(-1 - index)!),
    ),
  ];
}

/** The inputs that all blocks share. */
export interface Context {
  config: Pick<UnetConfig, "attentionHeadDim" | "normNumGroups" | "normEps">;
  /** Time embedding after the SiLU that every residual block applies to it, [B or 1, 4 * blockOutChannels[0]]. */
  timeEmbedding: Tensor;
  keyValues: KeyValues | undefined;
  /** Bias of the cross-attention, [B or 1, 1, 1, L]. */
  bias: Tensor | undefined;
}

/** 0 at residues, -10000 at padding: [B, L] -> [B, 1, 1, L]. */
function attentionBias(mask: Tensor): Tensor {
  return expandDims(mul(sub(cast(mask, "float32"), 1), 10000), 1, 2);
}

/** Sinusoids of the timestep, the condition added to them, through two layers: [B, 4 * blockOutChannels[0]]. */
export function timeEmbedding(
  w: Weights,
  config: Pick<UnetConfig, "blockOutChannels" | "timeCondProjDim">,
  { timestep, timestepCond }: Pick<UnetInputs, "timestep" | "timestepCond">,
): Tensor {
  const width = config.blockOutChannels[0]!;
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10000) * i) / half));
  const angles = mul(expandDims(cast(timestep, "float32"), 1), vector(frequencies)); // [B, half]
  const sinusoids = concat([cos(angles), sin(angles)], 1);
  const embedding =
    timestepCond === undefined || config.timeCondProjDim === null
      ? sinusoids
      : add(sinusoids, linear(w.at("cond_proj"), timestepCond, width, { bias: false }));
  return linear(w.at("linear_2"), silu(linear(w.at("linear_1"), embedding, 4 * width)), 4 * width);
}

/** Two 3x3 convolutions with the time embedding between them, and a shortcut: x [B, C, H, W] -> [B, outChannels, H, W]. */
export function residualBlock(
  w: Weights,
  { config, timeEmbedding }: Context,
  x: Tensor,
  outChannels: number,
): Tensor {
  const normConv = (norm: Weights, conv: Weights, input: Tensor) => {
    const normal = groupNorm(norm, input, config.normNumGroups, config.normEps);
    return convolution(conv, silu(normal), outChannels, { kernel: 3, padding: 1 });
  };
  const time = expandDims(linear(w.at("time_emb_proj"), timeEmbedding, outChannels), 2, 3);
  const hidden = add(normConv(w.at("norm1"), w.at("conv1"), x), time);
  const shortcut =
    x.shape[1] === outChannels ? x : convolution(w.at("conv_shortcut"), x, outChannels, { kernel: 1 });
  return add(normConv(w.at("norm2"), w.at("conv2"), hidden), shortcut);
}

/** Self-attention, cross-attention and a gated layer over the pixels of x [B, C, H, W], at `path` in the state dict. */
export function transformer(w: Weights, context: Context, path: string, x: Tensor): Tensor {
  const [batch, , height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const { normNumGroups, attentionHeadDim: heads } = context.config;
  const channels = fixed(x.shape[1], "transformer", "the channel axis");
  const block = `${path}.transformer_blocks.0`;
  const normal = groupNorm(w.at(path, "norm"), x, normNumGroups, 1e-6);
  const pixels = matrixTranspose(reshape(normal, [batch, channels, product([height, width])]));
  let tokens = pixelwise(w.at(path, "proj_in"), pixels, channels);
  tokens = add(tokens, selfAttention(w.at(block, "attn1"), layerNorm(w.at(block, "norm1"), tokens), heads));
  tokens = add(tokens, crossAttention(w, context, block, tokens));
  tokens = add(tokens, feedForward(w.at(block, "ff", "net"), layerNorm(w.at(block, "norm3"), tokens)));
  const image = matrixTranspose(pixelwise(w.at(path, "proj_out"), tokens, channels));
  return add(reshape(image, x.shape), x);
}

/** A 1x1 convolution of tokens [B, N, C], whose channels come last: a matrix product without a change of layout. */
function pixelwise(w: Weights, tokens: Tensor, channels: number): Tensor {
  const initializer = fanInUniform(channels);
  const weight = reshape(w.parameter("weight", [channels, channels, 1, 1], initializer), [
    channels,
    channels,
  ]);
  return add(matmul(tokens, matrixTranspose(weight)), w.parameter("bias", [channels], initializer));
}

/** Self-attention of tokens [B, N, C] -> [B, N, C]. */
function selfAttention(w: Weights, tokens: Tensor, heads: number): Tensor {
  const channels = fixed(tokens.shape[2], "selfAttention", "the channel axis");
  const project = (name: string) => splitHeads(linear(w.at(name), tokens, channels, { bias: false }), heads);
  const attended = attention(project("to_q"), project("to_k"), project("to_v"));
  return linear(w.at("to_out", 0), mergeHeads(attended), channels);
}

/** Cross-attention of tokens [B, N, C] -> [B, N, C], or [C] in the null condition, where keys and values are zeros. */
function crossAttention(
  w: Weights,
  { config, keyValues, bias }: Context,
  block: string,
  tokens: Tensor,
): Tensor {
  const channels = fixed(tokens.shape[2], "crossAttention", "the channel axis");
  const path = `${block}.attn2`;
  if (keyValues === undefined)
    return w.at(path, "to_out", 0).parameter("bias", [channels], fanInUniform(channels));
  const key = keyValues[`${path}.to_k`];
  const value = keyValues[`${path}.to_v`];
  if (key === undefined || value === undefined) throw new Error(`unet: keyValues lacks those of ${path}`);
  const normal = layerNorm(w.at(block, "norm2"), tokens);
  const heads = config.attentionHeadDim;
  const query = splitHeads(linear(w.at(path, "to_q"), normal, channels, { bias: false }), heads);
  const options = bias === undefined ? {} : { bias };
  const attended = attention(query, splitHeads(key, heads), splitHeads(value, heads), options);
  return linear(w.at(path, "to_out", 0), mergeHeads(attended), channels);
}

/** GEGLU (Shazeer 2020, arXiv:2002.05202): a GELU gates a linear layer, and another restores the width. */
function feedForward(w: Weights, tokens: Tensor): Tensor {
  const channels = fixed(tokens.shape[2], "feedForward", "the channel axis");
  const [hidden, gate] = split(linear(w.at(0, "proj"), tokens, 8 * channels), 2, [
    4 * channels,
    4 * channels,
  ]) as [Tensor, Tensor];
  return linear(w.at(2), mul(hidden, gelu(gate)), channels);
}

/** [B, N, C] -> [B, heads, N, C / heads] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const channels = fixed(x.shape[2], "splitHeads", "the channel axis");
  return transpose(reshape(x, [x.shape[0]!, x.shape[1]!, heads, channels / heads]), [0, 2, 1, 3]);
}

/** [B, heads, N, D] -> [B, N, heads * D] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, count, size] = x.shape as [Dim, Dim, Dim, Dim];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, count, product([heads, size])]);
}

function fixedSide(x: Tensor, axis: 2 | 3): number {
  return fixed(x.shape[axis], "unet", "a side of the sample");
}
