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

/** A stage: `numLayers` bottlenecks, of which the first changes stride and width. Widths are multiples of 8. */
export interface BottleneckStage {
  /** Width inside the bottleneck, relative to what enters it; 1 has no widening. */
  readonly expandRatio: number;
  readonly kernel: number;
  readonly stride: number;
  readonly inputChannels: number;
  readonly outChannels: number;
  readonly numLayers: number;
}

export interface CytoselfEncoderConfig {
  readonly blocksArgs: readonly BottleneckStage[];
  /** Share of samples, rising with the depth up to this, that skip a residual bottleneck in training. */
  readonly stochasticDepthProb: number;
}

export interface CytoselfMode {
  /** Normalise by the batch and record its statistics; else by the recorded ones. */
  readonly training: boolean;
  /** Draws dropout and skipped bottlenecks; without it nothing is dropped. */
  readonly random?: RandomSource | undefined;
}

interface EncoderShape {
  /** Of the first convolution. */
  readonly stride: number;
  readonly outChannels: number;
}

/** x [B, C, H, W] -> [B, outChannels, h, w], each stride dividing the sides and rounding up. */
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

/** Widen, filter each channel, weigh channels, narrow; added to the input where it has the same shape. */
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

/** Each channel times a number in (0, 1) that is made of all channels' means. */
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

/** He et al. 2015, counting outputs. */
const fanOutNormal = (fanOut: number): Initializer => ({
  kind: "normal",
  deviation: Math.sqrt(2 / fanOut),
});
