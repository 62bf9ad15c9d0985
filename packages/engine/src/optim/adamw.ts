/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2) with clipping and a moving average, on one flat vector.
 *
 * All parameters of a group lie in one vector, so that the update is a dozen passes whatever the network. The numbers
 * that change from step to step enter as the vector `schedule`, which the host computes in float64.
 */

import { sum } from "../ops/broadcast.ts";
import { add, div, minimum, mul, sqrt, sub } from "../ops/elementwise.ts";
import { reshape, slice } from "../ops/layout.ts";
import type { Tensor } from "../tensor.ts";
import type { AdamWSettings } from "./adamw-host.ts";

/** Options of AdamW, with the defaults of PyTorch. */
export interface AdamWOptions {
  /** Gives the learning rate of a step, counted from 0. */
  learningRate: (step: number) => number;
  /** Decay of the first moment. Default 0.9. */
  beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  beta2?: number;
  /** Summand of the second moment's root. Default 1e-8. */
  epsilon?: number;
  /** Decoupled weight decay, times the learning rate per step. Default 0.01. */
  weightDecay?: number;
  /** Global norm to which a larger gradient is scaled down; gradients are not clipped when absent. */
  clipNorm?: number;
}

/** The defaults of PyTorch's AdamW. */
const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/** Number of values of the schedule vector. */
export const scheduleLength = 4;

/**
 * Computes the schedule vector [4] of a step: step size and root by the bias corrections, learning rate, decay of the
 * moving average (1 leaves it, 0 copies the parameters).
 */
export function scheduleValues(options: AdamWOptions, step: number, averageDecay: number): Float32Array {
  const { learningRate, beta1, beta2 } = { ...defaults, ...options };
  const rate = learningRate(step);
  return Float32Array.of(
    rate / (1 - beta1 ** (step + 1)),
    Math.sqrt(1 - beta2 ** (step + 1)),
    rate,
    averageDecay,
  );
}

/** Gives the settings of a step on the host. */
export function hostSettings(options: AdamWOptions, step: number, averageDecay: number): AdamWSettings {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = { ...defaults, ...options };
  const schedule = scheduleValues(options, step, averageDecay);
  return { schedule, beta1, beta2, epsilon, weightDecay, ...(clipNorm === undefined ? {} : { clipNorm }) };
}

/** The flat vectors of AdamW, [P] each. */
export interface AdamWState {
  parameters: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
  average?: Tensor;
}

/** The vectors after a step. */
export interface AdamWUpdate extends AdamWState {
  /** Global norm of the gradient before clipping, []. */
  gradientNorm: Tensor;
}

/** Takes one step in a graph: state and gradient are flat [P], `schedule` [4] is that of `scheduleValues`. */
export function adamW(
  state: AdamWState,
  gradient: Tensor,
  schedule: Tensor,
  options: AdamWOptions,
): AdamWUpdate {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = { ...defaults, ...options };
  const [stepSize, correction2, rate, decay] = [0, 1, 2, 3].map((i) =>
    reshape(slice(schedule, 0, i, i + 1), []),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const gradientNorm = sqrt(sum(mul(gradient, gradient)));
  const factor = clipNorm === undefined ? undefined : minimum(div(clipNorm, add(gradientNorm, 1e-6)), 1);
  const clipped = factor === undefined ? gradient : mul(gradient, factor);
  const firstMoment = add(mul(state.firstMoment, beta1), mul(clipped, 1 - beta1));
  const secondMoment = add(mul(state.secondMoment, beta2), mul(mul(clipped, clipped), 1 - beta2));
  const direction = div(firstMoment, add(div(sqrt(secondMoment), correction2), epsilon));
  const decayed = mul(state.parameters, sub(1, mul(rate, weightDecay)));
  const parameters = sub(decayed, mul(direction, stepSize));
  const next = { parameters, firstMoment, secondMoment, gradientNorm };
  if (state.average === undefined) return next;
  return { ...next, average: add(mul(state.average, decay), mul(parameters, sub(1, decay))) };
}
