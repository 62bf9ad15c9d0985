// The configurations that can be read and written: EsmConfig of Hugging Face, of diffusers the denoiser, the
// autoencoder and the noise schedule, and the arguments of CytoselfFull. Defaults of absent fields are those of
// these libraries.

import { z } from "zod";
import { type AutoencoderKlConfig, autoencoderKlDefaults } from "../autoencoder-kl/network.ts";
import { type CytoselfConfig, cytoselfDefaults, cytoselfGrids } from "../cytoself/network.ts";
import { type NoiseScheduleConfig, predictionTypes } from "../diffusion/noise-schedule.ts";
import type { Esm2Config } from "../esm2/network.ts";
import { type UnetConfig, unetDefaults } from "../unet/network.ts";
import { type ConfigFormat, count, size } from "./config-json.ts";

const rate = z.number().min(0).max(1);
const epsilon = z.number().positive().max(1);

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
    embLayerNormBefore: false,
    isFoldingModel: false,
    hiddenAct: "gelu",
    ropeTheta: 10000,
  }),
};

const downBlock = z.enum(["CrossAttnDownBlock2D", "DownBlock2D"]);
const upBlock = z.enum(["CrossAttnUpBlock2D", "UpBlock2D"]);

export const unetFormat: ConfigFormat<UnetConfig> = {
  schema: z
    .object({
      sampleSize: size.nullable().default(null),
      inChannels: size.default(4),
      outChannels: size.default(4),
      downBlockTypes: z.array(downBlock),
      upBlockTypes: z.array(upBlock),
      blockOutChannels: z.array(size).min(1).max(16),
      layersPerBlock: count.default(2),
      crossAttentionDim: size.default(1280),
      timeCondProjDim: size.nullable().default(null),
      attentionHeadDim: count.default(8),
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

export const autoencoderKlFormat: ConfigFormat<AutoencoderKlConfig> = {
  schema: z
    .object({
      inChannels: size.default(3),
      outChannels: size.default(3),
      latentChannels: size.default(4),
      blockOutChannels: z.array(size).min(1).max(16),
      layersPerBlock: count.default(1),
      normNumGroups: count.default(autoencoderKlDefaults.normNumGroups),
    })
    .refine(
      ({ blockOutChannels, normNumGroups }) => blockOutChannels.every((width) => width % normNumGroups === 0),
      { path: ["blockOutChannels"], message: "must be multiples of norm_num_groups" },
    ),
  fixed: ({ blockOutChannels }) => ({
    _className: "AutoencoderKL",
    actFn: "silu",
    downBlockTypes: blockOutChannels.map(() => "DownEncoderBlock2D"),
    upBlockTypes: blockOutChannels.map(() => "UpDecoderBlock2D"),
    midBlockAddAttention: true,
    usePostQuantConv: true,
    useQuantConv: true,
  }),
};

/** torchvision rounds other widths to multiples of 8. */
const width = size.multipleOf(8, "must be a multiple of 8");

const bottleneckStages = z
  .array(
    z.object({
      expandRatio: z.int().min(1).max(16),
      kernel: z
        .int()
        .min(1)
        .max(15)
        .refine((taps) => taps % 2 === 1, "must be odd"),
      stride: z.int().min(1).max(2),
      inputChannels: width,
      outChannels: width,
      numLayers: z.int().min(1).max(64),
    }),
  )
  .min(1)
  .max(16)
  .refine(
    (stages) =>
      stages.every(({ inputChannels }, i) => i === 0 || inputChannels === stages[i - 1]!.outChannels),
    "a stage's input_channels must be the out_channels of the one before",
  )
  .readonly();

/** Side of an image: bounded, because the weights of resizing and of the classifiers depend on it. */
const side = z.int().min(8).max(1024);

export const cytoselfFormat: ConfigFormat<CytoselfConfig> = {
  schema: z
    .object({
      inputShape: z.tuple([size, side, side]),
      encoderArgs: z
        .array(z.object({ blocksArgs: bottleneckStages, stochasticDepthProb: rate.default(0.2) }))
        .min(1)
        .max(8)
        .readonly()
        .default(cytoselfDefaults.encoderArgs),
      vqArgs: z.object({
        numEmbeddings: size,
        embeddingDim: size,
        channelSplit: count.default(1),
        commitmentCost: z.number().nonnegative().default(0.25),
        softmaxlossCost: z.number().nonnegative().default(0),
      }),
      fcOutputIdx: z.array(count).default([...cytoselfDefaults.fcOutputIdx]),
      fcArgs: z
        .object({
          numLayers: z.int().min(1).max(64).default(2),
          numFeatures: size.default(1000),
          dropoutRate: rate.default(0.5),
        })
        .default(cytoselfDefaults.fcArgs),
      numClass: size,
    })
    .refine(({ fcOutputIdx, encoderArgs }) => fcOutputIdx.every((level) => level <= encoderArgs.length), {
      path: ["fcOutputIdx"],
      message: "names a level that encoder_args does not have; levels count from 1",
    }),
  fixed: (config) => ({
    _className: "CytoselfFull",
    embShapes: cytoselfGrids(config),
    outputShape: config.inputShape,
    decoderArgs: null,
    fcInputType: "vqvec",
  }),
};

export const noiseScheduleFormat: ConfigFormat<NoiseScheduleConfig> = {
  schema: z.object({
    numTrainTimesteps: z.int().min(2).max(100_000).default(1000),
    betaStart: epsilon.default(1e-4),
    betaEnd: epsilon.default(0.02),
    predictionType: z.enum(predictionTypes).default("epsilon"),
  }),
  fixed: () => ({
    betaSchedule: "linear",
    clipSample: false,
    rescaleBetasZeroSnr: false,
    stepsOffset: 0,
    thresholding: false,
    timestepSpacing: "leading",
    trainedBetas: null,
  }),
};
