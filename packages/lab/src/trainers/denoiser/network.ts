// The denoiser as training and validation compute it: the U-Net of a configuration, the types of its inputs, and the loss
// of its prediction.

import { bool, f32, type InputTypes, i32, type Tensor, type Weights } from "@proteoscope/engine";
import { diffusionLoss, type NoiseSchedule, stainChannels, type UnetConfig } from "@proteoscope/models";
import type { DiffusionConfig } from "./config.ts";
import type { ExtraSide } from "./context.ts";

/** The U-Net, the noise schedule and the extra conditions of a run. */
export interface DenoiserNetwork {
  readonly unet: UnetConfig;
  readonly schedule: NoiseSchedule;
  readonly extra: ExtraSide | undefined;
}

/** The U-Net of a configuration: latents, nuclear distance and further stains in, latents out, conditioned on tokens of `width`. */
export function unetConfigOf(
  { model }: DiffusionConfig,
  { width, latentChannels, latentSide }: Readonly<Record<"width" | "latentChannels" | "latentSide", number>>,
): UnetConfig {
  const { blockOutChannels, blocks, layersPerBlock, attentionHeads, normNumGroups, stains } = model;
  return {
    sampleSize: latentSide,
    blockOutChannels,
    layersPerBlock,
    normNumGroups,
    normEps: 1e-5,
    inChannels: latentChannels + 1 + stainChannels(stains.length, latentChannels),
    outChannels: latentChannels,
    downBlockTypes: blocks.map((kind) => (kind === "attention" ? "CrossAttnDownBlock2D" : "DownBlock2D")),
    upBlockTypes: blocks
      .toReversed()
      .map((kind) => (kind === "attention" ? "CrossAttnUpBlock2D" : "UpBlock2D")),
    crossAttentionDim: width,
    timeCondProjDim: width,
    attentionHeadDim: attentionHeads,
  };
}

/** Types of a batch of `count` samples, without the noise. */
export function denoiserInputs({ unet, extra }: DenoiserNetwork, count: number) {
  const { sampleSize, inChannels, outChannels, crossAttentionDim } = unet;
  const stains = inChannels - outChannels - 1;
  return {
    latents: f32(count, outChannels, sampleSize, sampleSize),
    distance: f32(count, 1, sampleSize, sampleSize),
    ...((stains > 0 && { stains: f32(count, stains, sampleSize, sampleSize) }) as object),
    sequence: f32(count, "tokens", crossAttentionDim),
    mask: bool(count, "tokens"),
    isDropped: bool(count),
    timestep: i32(count),
    ...(extra?.inputTypes(count) as InputTypes),
  };
}

type Inputs = {
  readonly [K in keyof ReturnType<typeof denoiserInputs> | "noise"]: Tensor;
} & {
  readonly stains?: Tensor;
};

/** Mean squared error of the prediction, a scalar. */
export function denoiserLoss(w: Weights, { unet, schedule, extra }: DenoiserNetwork, inputs: Inputs): Tensor {
  const sequence = extra === undefined ? inputs.sequence : extra.addTokens(w, inputs);
  return diffusionLoss(w, unet, schedule, { ...inputs, sequence }).loss;
}

/** Whether the sequence enters the denoiser by this parameter. */
export function isCrossAttention(name: string): boolean {
  return /\.transformer_blocks\.\d+\.(attn2|norm2)\.|^time_embedding\.cond_proj\.|^extra\./.test(name);
}
