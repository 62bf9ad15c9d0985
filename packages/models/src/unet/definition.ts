// The denoiser as a network that checkpoints hold: UNet2DConditionModel of diffusers. Fields that diffusers can vary and
// this network cannot are held to their one value; where there is no configuration, names and shapes give the sizes.

import { z } from "zod";
import { type ConfigFormat, count, epsilon, type Json, perLevel, size } from "../checkpoints/config-json.ts";
import type { NetworkDefinition, StateDict } from "../checkpoints/network-definition.ts";
import { countBlocks, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import { crossAttentionKeyValues, type UnetConfig, unet, unetDefaults } from "./network.ts";

const downBlock = z.enum(["CrossAttnDownBlock2D", "DownBlock2D"]);
const upBlock = z.enum(["CrossAttnUpBlock2D", "UpBlock2D"]);

/** The fields of the config.json of diffusers' UNet2DConditionModel; defaults of absent fields are its own. */
export const unetFormat: ConfigFormat<UnetConfig> = {
  schema: z
    .object({
      sampleSize: perLevel(size).nullable().default(null),
      inChannels: size.default(4),
      outChannels: size.default(4),
      downBlockTypes: z.array(downBlock),
      upBlockTypes: z.array(upBlock),
      blockOutChannels: z.array(size).min(1).max(16),
      layersPerBlock: perLevel(count).default(2),
      crossAttentionDim: perLevel(size).default(1280),
      timeCondProjDim: size.nullable().default(null),
      attentionHeadDim: perLevel(count).default(8),
      normNumGroups: count.default(32),
      normEps: epsilon.default(1e-5),
    })
    .refine(
      ({ blockOutChannels, downBlockTypes, upBlockTypes }) =>
        downBlockTypes.length === blockOutChannels.length && upBlockTypes.length === blockOutChannels.length,
      { path: ["blockOutChannels"], message: "one number for each of down_block_types and up_block_types" },
    )
    .refine(
      ({ blockOutChannels, attentionHeadDim, normNumGroups }) =>
        blockOutChannels.every((width) => width % attentionHeadDim === 0 && width % normNumGroups === 0),
      { path: ["blockOutChannels"], message: "must be multiples of attention_head_dim and norm_num_groups" },
    )
    .transform((config) => ({ ...config, sampleSize: config.sampleSize ?? unetDefaults.sampleSize })),
  fixed: () => ({
    _className: "UNet2DConditionModel",
    actFn: "silu",
    additionEmbedType: null,
    attentionType: "default",
    centerInputSample: false,
    classEmbedType: null,
    classEmbeddingsConcat: false,
    convInKernel: 3,
    convOutKernel: 3,
    crossAttentionNorm: null,
    downsamplePadding: 1,
    dualCrossAttention: false,
    encoderHidDim: null,
    encoderHidDimType: null,
    flipSinToCos: true,
    freqShift: 0,
    midBlockOnlyCrossAttention: null,
    midBlockScaleFactor: 1,
    midBlockType: "UNetMidBlock2DCrossAttn",
    numAttentionHeads: null,
    numClassEmbeds: null,
    onlyCrossAttention: false,
    resnetOutScaleFactor: 1,
    resnetSkipTimeAct: false,
    resnetTimeScaleShift: "default",
    reverseTransformerLayersPerBlock: null,
    timeEmbeddingActFn: null,
    timeEmbeddingDim: null,
    timeEmbeddingType: "positional",
    timestepPostAct: null,
    transformerLayersPerBlock: 1,
    useLinearProjection: false,
  }),
};

/** The denoiser: sample, timestep, encoder_hidden_states, [encoder_attention_mask], [timestep_cond] -> sample. */
export const unetDefinition: NetworkDefinition<"unet", UnetConfig> = {
  name: "unet",
  title: "UNet2DConditionModel (diffusers)",
  format: unetFormat,
  recognizesConfig: (json) => json._class_name === "UNet2DConditionModel",
  recognizesNames: (has) => has(/^down_blocks\./) && has(/^time_embedding\./),
  inferConfig: inferUnetConfig,
  trainingParts: [{ prefix: "ema.ema_model." }, { prefix: "unet." }], // the original samples with its moving average
  inputs: ({ inChannels, crossAttentionDim, timeCondProjDim }) => ({
    sample: { shape: ["batch", inChannels, "height", "width"], kind: "float" },
    timestep: { shape: ["batch"], otherShapes: [[], [1]], kind: "float" },
    encoder_hidden_states: { shape: ["batch", "residues", crossAttentionDim], kind: "float" },
    encoder_attention_mask: { shape: ["batch", "residues"], kind: "float", optional: true },
    ...(timeCondProjDim !== null && {
      timestep_cond: { shape: ["batch", timeCondProjDim], kind: "float", optional: true },
    }),
  }),
  apply(w, { config }, inputs) {
    const { sample, timestep, encoder_hidden_states, encoder_attention_mask, timestep_cond } = inputs;
    const keyValues = crossAttentionKeyValues(w, config, encoder_hidden_states!);
    const options = {
      ...(encoder_attention_mask && { mask: encoder_attention_mask }),
      ...(timestep_cond && { timestepCond: timestep_cond }),
    };
    return { sample: unet(w, config, { sample: sample!, timestep: timestep!, keyValues, ...options }) };
  },
  smallestSizes: ({ blockOutChannels }) => {
    const side = 2 ** (blockOutChannels.length - 1);
    return { height: side, width: side };
  },
  saved: { weightsFile: "diffusion_pytorch_model.safetensors" },
  exported: { sizes: ({ sampleSize }) => ({ height: sampleSize, width: sampleSize }) },
};

function inferUnetConfig(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const widths = Array.from(
    { length: countBlocks(weights, "down_blocks.#.") },
    (_, index) => shapeOf(`down_blocks.${index}.resnets.0.conv1.weight`)[0],
  );
  const kinds = (side: "down" | "up", [crossed, plain]: readonly [string, string]) =>
    widths.map((_, index) =>
      countBlocks(weights, `${side}_blocks.${index}.attentions.#.`) > 0 ? crossed : plain,
    );
  return {
    in_channels: shapeOf("conv_in.weight")[1],
    out_channels: shapeOf("conv_out.weight")[0],
    block_out_channels: widths,
    layers_per_block: countBlocks(weights, "down_blocks.0.resnets.#."),
    down_block_types: kinds("down", ["CrossAttnDownBlock2D", "DownBlock2D"]),
    up_block_types: kinds("up", ["CrossAttnUpBlock2D", "UpBlock2D"]),
    cross_attention_dim: shapeOf("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")[1],
    time_cond_proj_dim: weights.get("time_embedding.cond_proj.weight")?.shape[1] ?? null,
  };
}
