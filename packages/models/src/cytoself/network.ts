/**
 * cytoself: images to two grids of codes and back, with a classifier of proteins on the coarse one (Kobayashi et al.
 * 2022, "Self-supervised deep learning encodes high-resolution features of protein subcellular localization").
 *
 * A vector-quantised autoencoder of several levels. Architecture, parameter names and numerics are those of
 * CytoselfFull, whose constructor takes what the configuration holds:
 *
 *     const { reconstruction, levels } = cytoself(w, config, images, { training: false });
 *     const code = levels[1].vectors; // "vqvec2", [B, 64, 4, 4]
 */
import {
  concat,
  dropout,
  fixed,
  formatShape,
  linear,
  product,
  relu,
  reshape,
  resizeNearest,
  ShapeError,
  type Size,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { cytoselfDecoder } from "./decoder.ts";
import { type CytoselfEncoderConfig, type CytoselfMode, cytoselfEncoder } from "./encoder.ts";
import { type Quantized, quantize, type VectorQuantizerConfig } from "./vector-quantizer.ts";

/** The constructor arguments of CytoselfFull that shape the network. */
export interface CytoselfConfig {
  /** Channels, height and width of the images. */
  readonly inputShape: readonly [number, number, number];
  /** Encoders of the levels, from the image inwards; all but the first begin with a convolution of stride 1. */
  readonly encoderArgs: readonly CytoselfEncoderConfig[];
  readonly vqArgs: VectorQuantizerConfig;
  /** Levels, counted from 1, that have a classifier. */
  readonly fcOutputIdx: readonly number[];
  readonly fcArgs: {
    readonly numLayers: number;
    readonly numFeatures: number;
    /** Dropout before each layer, in training alone. */
    readonly dropoutRate: number;
  };
  readonly numClass: number;
}

/** The published size: protein and nucleus of 100x100 pixels, grids of 25x25 and 4x4, the 1311 proteins of OpenCell. */
export const cytoselfDefaults: CytoselfConfig = {
  inputShape: [2, 100, 100],
  encoderArgs: [
    {
      stochasticDepthProb: 0.2,
      blocksArgs: [
        { expandRatio: 1, kernel: 3, stride: 1, inputChannels: 32, outChannels: 16, numLayers: 1 },
        { expandRatio: 6, kernel: 3, stride: 2, inputChannels: 16, outChannels: 24, numLayers: 2 },
        { expandRatio: 6, kernel: 5, stride: 1, inputChannels: 24, outChannels: 40, numLayers: 2 },
      ],
    },
    {
      stochasticDepthProb: 0.2,
      blocksArgs: [
        { expandRatio: 6, kernel: 3, stride: 2, inputChannels: 40, outChannels: 80, numLayers: 3 },
        { expandRatio: 6, kernel: 5, stride: 2, inputChannels: 80, outChannels: 112, numLayers: 3 },
        { expandRatio: 6, kernel: 5, stride: 2, inputChannels: 112, outChannels: 192, numLayers: 4 },
        { expandRatio: 6, kernel: 3, stride: 1, inputChannels: 192, outChannels: 320, numLayers: 1 },
      ],
    },
  ],
  vqArgs: {
    numEmbeddings: 2048,
    embeddingDim: 64,
    channelSplit: 1,
    commitmentCost: 0.25,
    softmaxlossCost: 0,
  },
  fcOutputIdx: [2],
  fcArgs: { numLayers: 2, numFeatures: 1000, dropoutRate: 0.5 },
  numClass: 1311,
};

/** The outputs of a level. */
export interface CytoselfLevel extends Quantized {
  /** The encoder's output before quantisation, [B, channelSplit * embeddingDim, h, w]. */
  readonly encoded: Tensor;
  /** Logits of the classes, [B, numClass], where the level has a classifier. */
  readonly logits: Tensor | undefined;
}

/** The outputs of cytoself. */
export interface CytoselfOutputs {
  /** Reconstructed images [B, C, H, W], not limited to [0, 1]. */
  readonly reconstruction: Tensor;
  /** The levels, from the image inwards. */
  readonly levels: readonly CytoselfLevel[];
  /** Reconstructions of each level's `vectors` from the codes of the next level inwards, for all levels but the last. */
  readonly levelReconstructions: readonly Tensor[];
}

/** Images [B, C, H, W] through encoders, codebooks, classifiers and decoders. @throws ShapeError for another size. */
export function cytoself(
  w: Weights,
  config: CytoselfConfig,
  images: Tensor,
  mode: CytoselfMode,
): CytoselfOutputs {
  const levels = encodeCytoself(w, config, images, mode);
  const [channels, height, width] = config.inputShape;
  const grid = sizeOf(levels[0]!.vectors);
  const code = levels.toReversed().map(({ vectors }) => resizeNearest(vectors, grid)); // the coarsest first
  const image = { channels, height, width, isLinear: true };
  return {
    reconstruction: cytoselfDecoder(w.at("decoders", 0), concat(code, 1), image, mode),
    levels,
    levelReconstructions: levels.slice(1).map(({ vectors }, index) => {
      const target = { ...sizeOf(levels[index]!.vectors), channels: codeChannels(config), isLinear: false };
      return cytoselfDecoder(w.at("decoders", index + 1), vectors, target, mode);
    }),
  };
}

/** Encodes images [B, C, H, W] to the codes and classes of each level. @throws ShapeError for another size. */
export function encodeCytoself(
  w: Weights,
  config: CytoselfConfig,
  images: Tensor,
  mode: CytoselfMode,
): CytoselfLevel[] {
  if (String(images.shape.slice(1)) !== String(config.inputShape))
    throw new ShapeError(
      `cytoself: images ${formatShape(images.shape)}, this network takes ${formatShape(["batch", ...config.inputShape])}`,
    );
  let x = images;
  return config.encoderArgs.map((encoder, index) => {
    const shape = { stride: stemStride(index), outChannels: codeChannels(config) };
    const encoded = cytoselfEncoder(w.at("encoders", index), encoder, x, shape, mode);
    x = encoded; // the next level sees what is not quantised yet
    const quantized = quantize(w.at("vq_layers", index), config.vqArgs, encoded);
    const isClassified = config.fcOutputIdx.includes(index + 1);
    const logits = isClassified ? classifyCode(w, config, index + 1, quantized.vectors, mode) : undefined;
    return { ...quantized, encoded, logits };
  });
}

/** Classifies the codes [B, C, h, w] of a level, counted from 1: logits [B, numClass]. */
export function classifyCode(
  w: Weights,
  { fcArgs, numClass }: CytoselfConfig,
  level: number,
  code: Tensor,
  { training, random }: CytoselfMode,
): Tensor {
  const { numLayers, numFeatures, dropoutRate } = fcArgs;
  const layers = w.at("fc_layers", level - 1, "fc_list");
  let h = reshape(code, [code.shape[0]!, product(code.shape.slice(1))]);
  for (let layer = 0; layer < numLayers; layer++) {
    const input = training ? dropout(h, dropoutRate, random, "dropout") : h;
    const isLast = layer === numLayers - 1;
    const y = linear(layers.at(3 * layer + 1), input, isLast ? numClass : numFeatures);
    h = isLast ? y : relu(y);
  }
  return h;
}

/** The height and the width of each level's grid. */
export function cytoselfGrids({ inputShape, encoderArgs }: CytoselfConfig): [number, number][] {
  let [, height, width] = inputShape;
  return encoderArgs.map(({ blocksArgs }, index) => {
    for (const stride of [stemStride(index), ...blocksArgs.map((stage) => stage.stride)])
      [height, width] = [Math.ceil(height / stride), Math.ceil(width / stride)];
    return [height, width];
  });
}

const stemStride = (index: number): number => (index === 0 ? 2 : 1);

const codeChannels = ({ vqArgs }: CytoselfConfig): number => vqArgs.channelSplit * vqArgs.embeddingDim;

function sizeOf(x: Tensor): Size {
  const [height, width] = x.shape.slice(2).map((side) => fixed(side, "cytoself", "every side"));
  return { height: height!, width: width! };
}
