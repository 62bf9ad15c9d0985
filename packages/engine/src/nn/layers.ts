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

export interface LinearOptions {
  bias?: boolean;
  weightInitializer?: Initializer;
  biasInitializer?: Initializer;
}

/** x [..., in] -> [..., outFeatures]; `weight` [out, in], `bias` [out]. An adapter of the weights adds its part. */
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

export interface ConvolutionOptions extends Conv2dOptions {
  kernel: number;
  bias?: boolean;
}

/** x [B, C, H, W] -> [B, outChannels, H', W']; `weight` [out, C / groups, k, k], `bias` [out]. */
export function convolution(w: Weights, x: Tensor, outChannels: number, options: ConvolutionOptions): Tensor {
  const { kernel, bias = true, groups = 1 } = options;
  const perGroup = fixed(x.shape[1], "convolution", "the channel axis") / groups;
  const initializer = fanInUniform(perGroup * kernel * kernel);
  const weight = w.parameter("weight", [outChannels, perGroup, kernel, kernel], initializer);
  return convolve(x, weight, bias ? w.parameter("bias", [outChannels], initializer) : undefined, options);
}

/** Row `index` of a table [count, width]; indices [...] -> [..., width]. */
export function embedding(w: Weights, indices: Tensor, count: number, width: number): Tensor {
  return gather(w.parameter("weight", [count, width], { kind: "normal", deviation: 1 }), indices);
}

/** Normalises the last axis; `weight`, `bias` [C]. */
export function layerNorm(w: Weights, x: Tensor, epsilon = 1e-5): Tensor {
  const size = fixed(x.shape.at(-1), "layerNorm", "the last axis");
  return normalize.layerNorm(
    x,
    w.parameter("weight", [size], ones),
    w.parameter("bias", [size], zeros),
    epsilon,
  );
}

/** x [B, C, H, W] normalised in groups of channels; `weight`, `bias` [C]. */
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

export interface BatchNormOptions {
  /** Normalise by the batch and update the running statistics; else by the running statistics. */
  training: boolean;
  affine?: boolean;
  epsilon?: number;
  momentum?: number;
  scaleInitializer?: Initializer;
}

/** x [B, C, H, W]; `weight`, `bias`, `running_mean`, `running_var` [C]. */
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

/** Zeros each value with probability `rate` and scales the rest by 1 / (1 - rate); without `random`, the identity. */
export function dropout(x: Tensor, rate: number, random: RandomSource | undefined, name = "dropout"): Tensor {
  if (rate === 0 || random === undefined) return x;
  return div(select(less(random.uniform(name, x.shape), rate), 0, x), 1 - rate);
}
