/**
 * The encoders of cytoself: slices of EfficientNet-B0 (Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for
 * Convolutional Neural Networks"), made of mobile inverted bottlenecks with squeeze and excitation. Parameter names
 * and first values are those of torchvision.
 */
import {
  add,
  batchNorm,
  conv2d,
  dropout,
  fixed,
  full,
  type Initializer,
  mean,
  mul,
  type RandomSource,
  sigmoid,
  silu,
  type Tensor,
  type Weights,
  zeros,
} from "@proteoscope/engine";

/** A stage of an encoder: `numLayers` bottlenecks, of which the first changes stride and width. Widths are multiples of 8. */
export interface BottleneckStage {
  /** Width inside the bottleneck relative to the width of its input; 1 does not widen. */
  readonly expandRatio: number;
  readonly kernel: number;
  readonly stride: number;
  readonly inputChannels: number;
  readonly outChannels: number;
  readonly numLayers: number;
}

/** The stages of an encoder. */
export interface CytoselfEncoderConfig {
  readonly blocksArgs: readonly BottleneckStage[];
  /** Fraction of the samples that skip the deepest residual bottleneck in training; it rises linearly with the depth. */
  readonly stochasticDepthProb: number;
}

/** Whether cytoself is trained, and with which random numbers. */
export interface CytoselfMode {
  /** True normalises by the batch and records its statistics; false normalises by the recorded ones. */
  readonly training: boolean;
  /** Random numbers for dropout and skipped bottlenecks; without them nothing is dropped. */
  readonly random?: RandomSource | undefined;
}

interface EncoderShape {
  /** Stride of the first convolution. */
  readonly stride: number;
  readonly outChannels: number;
}

/** Encodes x [B, C, H, W] -> [B, outChannels, h, w]; each stride divides the sides and rounds up. */
export function cytoselfEncoder(
  w: Weights,
  config: CytoselfEncoderConfig,
  x: Tensor,
  { stride, outChannels }: EncoderShape,
  mode: CytoselfMode,
): Tensor {
  const features = w.at("features");
  const stages = config.blocksArgs;
  const depth = stages.reduce((total, { numLayers }) => total + numLayers, 0);
  const stem = { kernel: 3, stride, outChannels: stages[0]!.inputChannels };
  let h = silu(convolutionNorm(features.at(0), x, stem, mode));
  let position = 0;
  stages.forEach((stage, index) => {
    for (let layer = 0; layer < stage.numLayers; layer++) {
      const skipRate = (config.stochasticDepthProb * position++) / depth;
      const block = { ...stage, stride: layer === 0 ? stage.stride : 1 };
      h = bottleneck(features.at(index + 1, layer), block, h, skipRate, mode);
    }
  });
  const last = features.at(stages.length + 1);
  return silu(convolutionNorm(last, h, { kernel: 1, stride: 1, outChannels }, mode));
}

/** Widens, filters each channel, weights channels, narrows; the input is added where it has the same shape. */
function bottleneck(
  w: Weights,
  { expandRatio, kernel, stride, outChannels }: BottleneckStage,
  x: Tensor,
  skipRate: number,
  mode: CytoselfMode,
): Tensor {
  const inChannels = fixed(x.shape[1], "cytoselfEncoder", "the channel axis");
  const width = inChannels * expandRatio;
  let part = 0;
  let h = x;
  if (expandRatio !== 1) {
    const widen = { kernel: 1, stride: 1, outChannels: width };
    h = silu(convolutionNorm(w.at("block", part++), h, widen, mode));
  }
  const filter = { kernel, stride, outChannels: width, groups: width };
  h = silu(convolutionNorm(w.at("block", part++), h, filter, mode));
  h = squeezeExcitation(w.at("block", part++), h, Math.max(1, Math.floor(inChannels / 4)));
  h = convolutionNorm(w.at("block", part), h, { kernel: 1, stride: 1, outChannels }, mode);
  if (stride !== 1 || inChannels !== outChannels) return h;
  return add(x, skipSamples(h, skipRate, mode));
}

/** Multiplies each channel by a number in (0, 1) that depends on the means of all channels. */
function squeezeExcitation(w: Weights, x: Tensor, squeezed: number): Tensor {
  const channels = fixed(x.shape[1], "cytoselfEncoder", "the channel axis");
  const average = mean(x, { axes: [2, 3], keepDims: true });
  const small = silu(pointConvolution(w.at("fc1"), average, squeezed));
  return mul(x, sigmoid(pointConvolution(w.at("fc2"), small, channels)));
}

/** Stochastic depth (Huang et al. 2016): whole samples are zeroed, the others scaled up to the same mean. */
function skipSamples(x: Tensor, rate: number, { training, random }: CytoselfMode): Tensor {
  if (!training || random === undefined || rate === 0) return x;
  const samples = fixed(x.shape[0], "cytoselfEncoder", "the batch axis");
  return mul(x, dropout(full([samples, 1, 1, 1], 1), rate, random, "skipped"));
}

interface FilterShape {
  kernel: number;
  stride: number;
  outChannels: number;
  groups?: number;
}

/** A convolution without bias and its batch normalisation: `0.weight`, `1.weight`, `1.running_mean`, ... */
function convolutionNorm(
  w: Weights,
  x: Tensor,
  { kernel, outChannels, ...options }: FilterShape,
  { training }: CytoselfMode,
): Tensor {
  const perGroup = fixed(x.shape[1], "cytoselfEncoder", "the channel axis") / (options.groups ?? 1);
  const shape = [outChannels, perGroup, kernel, kernel];
  const weight = w.at(0).parameter("weight", shape, fanOutNormal(outChannels * kernel * kernel));
  const y = conv2d(x, weight, undefined, { ...options, padding: (kernel - 1) / 2 });
  return batchNorm(w.at(1), y, { training });
}

function pointConvolution(w: Weights, x: Tensor, outChannels: number): Tensor {
  const inChannels = fixed(x.shape[1], "cytoselfEncoder", "the channel axis");
  const weight = w.parameter("weight", [outChannels, inChannels, 1, 1], fanOutNormal(outChannels));
  return conv2d(x, weight, w.parameter("bias", [outChannels], zeros));
}

/** The initialisation of He et al. 2015 by the number of outputs. */
const fanOutNormal = (fanOut: number): Initializer => ({
  kind: "normal",
  deviation: Math.sqrt(2 / fanOut),
});
