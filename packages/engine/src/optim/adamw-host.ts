/**
 * The AdamW of adamw.ts on arrays in main memory, in one pass over all vectors, in place.
 *
 * On the cpu the graph would take a dozen passes over vectors that no cache holds, and every state that a session returns
 * is copied once more.
 */
import { type AdamWKernel, blockLength, createAdamWKernel } from "./adamw-kernel.ts";

/** The flat vectors [P] of AdamW; all but the gradient are updated. */
export interface AdamWVectors {
  readonly parameters: Float32Array;
  readonly gradient: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly average?: Float32Array;
}

/** The numbers of one step; `schedule` is that of `scheduleValues`. */
export interface AdamWSettings {
  readonly schedule: Float32Array;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly clipNorm?: number;
}

/** Takes one step; returns the global norm of the gradient, before clipping. */
export function stepAdamW(vectors: AdamWVectors, settings: AdamWSettings): number {
  const { parameters, gradient, average } = vectors;
  const { schedule, clipNorm } = settings;
  const gradientNorm = Math.sqrt(sumOfSquares(gradient));
  const factor = clipNorm === undefined ? 1 : Math.min(clipNorm / (gradientNorm + 1e-6), 1);
  update(vectors, settings, factor);
  if (average !== undefined) moveTowards(average, parameters, schedule[3]!);
  return gradientNorm;
}

function update(vectors: AdamWVectors, settings: AdamWSettings, clip: number): void {
  const { schedule, beta1, beta2, epsilon, weightDecay } = settings;
  const [stepSize, correction2, rate] = schedule as unknown as [number, number, number];
  const values = {
    ...{ clip, beta1, beta2, epsilon, stepSize },
    ...{
      oneMinusBeta1: 1 - beta1,
      oneMinusBeta2: 1 - beta2,
      decay: 1 - rate * weightDecay,
      scale: 1 / correction2,
    },
  };
  kernel ??= createAdamWKernel();
  const { block } = kernel;
  const names = ["gradient", "firstMoment", "secondMoment", "parameters"] as const;
  const count = vectors.parameters.length;
  for (let start = 0; start < count; start += blockLength) {
    const end = Math.min(start + blockLength, count);
    for (const name of names) block[name].set(vectors[name].subarray(start, end));
    kernel.run(end - start, values);
    for (const name of names.slice(1)) vectors[name].set(block[name].subarray(0, end - start), start);
  }
}

/** The kernel is made at the first step; it has no state of its own. */
let kernel: AdamWKernel | undefined;

/** Adds squares up in four sums, to which the processor adds at the same time. */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * values[i]!;
  return a + b + c + d;
}

function moveTowards(average: Float32Array, target: Float32Array, decay: number): void {
  if (decay === 1) return;
  for (let i = 0; i < average.length; i++) average[i] = average[i]! * decay + target[i]! * (1 - decay);
}
