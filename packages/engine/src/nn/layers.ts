/**
 * The layers that networks are built from, with PyTorch's parameter names, shapes and default initialisation.
 */
import { type Conv2dOptions, conv2d as convolve } from "../ops/convolution.ts";
import { add, div, less, mul, select } from "../ops/elementwise.ts";
import { gather } from "../ops/gather.ts";
import { matrixTranspose } from "../ops/layout.ts";
import { matmul } from "../ops/matmul.ts";
import * as normalize from "../ops/normalize.ts";
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { RandomSource } from "../trace.ts";
import { fanInUniform, type Initializer, ones, type Weights, zeros } from "../weights.ts";

/** Options of `linear`. */
export interface LinearOptions {
  /** Whether there is a bias. Default true. */
  bias?: boolean;
  /** The initializer of the weight; U(-1, 1) / sqrt(in) when absent. */
  weightInitializer?: Initializer;
  /** The initializer of the bias; U(-1, 1) / sqrt(in) when absent. */
  biasInitializer?: Initializer;
}

/**
 * Applies an affine map: x [..., in] -> [..., outFeatures]; parameters `weight` [out, in], `bias` [out]. An adapter of the
 * weights adds its part.
 *
 * @throws ShapeError for an open last axis.
 */
export function linear(w: Weights, x: Tensor, outFeatures: number, options: LinearOptions = {}): Tensor {
  const inFeatures = fixed(x.shape.at(-1), "linear", "the last axis");
  const usual = fanInUniform(inFeatures);
  const { bias = true, weightInitializer = usual, biasInitializer = usual } = options;
  const weight = w.parameter("weight", [outFeatures, inFeatures], weightInitializer);
  const product = matmul(x, matrixTranspose(weight));
  const y = bias ? add(product, w.parameter("bias", [outFeatures], biasInitializer)) : product;
  const adapted = w.adapt?.(x, outFeatures);
  return adapted === undefined ? y : add(y, adapted);
}

/** Options of `convolution`. */
export interface ConvolutionOptions extends Conv2dOptions {
  /** Side k of the square kernel, in pixels. */
  kernel: number;
  /** Whether there is a bias. Default true. */
  bias?: boolean;
}

/**
 * Convolves images: x [B, C, H, W] -> [B, outChannels, H', W']; parameters `weight` [out, C / groups, k, k], `bias` [out].
 *
 * @throws ShapeError as `conv2d`.
 */
export function convolution(w: Weights, x: Tensor, outChannels: number, options: ConvolutionOptions): Tensor {
  const { kernel, bias = true, groups = 1 } = options;
  const perGroup = fixed(x.shape[1], "convolution", "the channel axis") / groups;
  const initializer = fanInUniform(perGroup * kernel * kernel);
  const weight = w.parameter("weight", [outChannels, perGroup, kernel, kernel], initializer);
  return convolve(x, weight, bias ? w.parameter("bias", [outChannels], initializer) : undefined, options);
}

/** Looks up rows of a table: indices [...] -> [..., width]; parameter `weight` [count, width]. */
export function embedding(w: Weights, indices: Tensor, count: number, width: number): Tensor {
  return gather(w.parameter("weight", [count, width], { kind: "normal", deviation: 1 }), indices);
}

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Whether there is a scale. Default true. */
  weight?: boolean;
  /** Whether there is a bias. Default true. */
  bias?: boolean;
}

/**
 * Normalises the last axis of x [..., C] to zero mean and unit variance; parameters `weight`, `bias` [C].
 *
 * @throws ShapeError for an open last axis.
 */
export function layerNorm(
  w: Weights,
  x: Tensor,
  epsilon = 1e-5,
  { weight = true, bias = true }: LayerNormOptions = {},
): Tensor {
  const size = fixed(x.shape.at(-1), "layerNorm", "the last axis");
  return normalize.layerNorm(
    x,
    weight ? w.parameter("weight", [size], ones) : undefined,
    bias ? w.parameter("bias", [size], zeros) : undefined,
    epsilon,
  );
}

/**
 * Normalises x [B, C, H, W] in groups of channels (Wu & He 2018); parameters `weight`, `bias` [C].
 *
 * @throws ShapeError for open channels or positions, and channels that do not split into the groups.
 */
export function groupNorm(w: Weights, x: Tensor, groups: number, epsilon: number): Tensor {
  const channels = fixed(x.shape[1], "groupNorm", "the channel axis");
  return normalize.groupNorm(
    x,
    w.parameter("weight", [channels], ones),
    w.parameter("bias", [channels], zeros),
    groups,
    epsilon,
  );
}

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Whether to normalise by the batch and update the running statistics; else by the running statistics. */
  training: boolean;
  /** Whether scale and bias follow. Default true. */
  affine?: boolean;
  /** Summand of the variance. Default 1e-5. */
  epsilon?: number;
  /** Fraction of the running statistics that a batch replaces. Default 0.1. */
  momentum?: number;
  /** The initializer of the scale; 1 when absent. */
  scaleInitializer?: Initializer;
}

/**
 * Normalises each channel of x [B, C, H, W] (Ioffe & Szegedy 2015); parameters `weight`, `bias` and buffers `running_mean`,
 * `running_var` [C].
 *
 * @throws ShapeError for open channels, and in training for any open axis.
 */
export function batchNorm(w: Weights, x: Tensor, options: BatchNormOptions): Tensor {
  const { training, affine = true, epsilon = 1e-5, momentum = 0.1, scaleInitializer = ones } = options;
  const shape = [fixed(x.shape[1], "batchNorm", "the channel axis")];
  const affineOf = affine
    ? { scale: w.parameter("weight", shape, scaleInitializer), bias: w.parameter("bias", shape, zeros) }
    : undefined;
  const runningMean = w.buffer("running_mean", shape, zeros);
  const runningVariance = w.buffer("running_var", shape, ones);
  if (!training) return normalize.batchNormEval(x, runningMean, runningVariance, affineOf, epsilon);
  const { y, batchMean, batchVariance } = normalize.batchNormTrain(x, affineOf, epsilon);
  w.update("running_mean", add(mul(runningMean, 1 - momentum), mul(batchMean, momentum)));
  w.update("running_var", add(mul(runningVariance, 1 - momentum), mul(batchVariance, momentum)));
  return y;
}

/**
 * Sets each value to zero with probability `rate` and scales the others by 1 / (1 - rate); returns x as it is without
 * `random`. The name distinguishes random inputs.
 */
export function dropout(x: Tensor, rate: number, random: RandomSource | undefined, name = "dropout"): Tensor {
  if (rate === 0 || random === undefined) return x;
  return div(select(less(random.uniform(name, x.shape), rate), 0, x), 1 - rate);
}
