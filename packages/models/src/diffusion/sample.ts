// Sampling: from noise to clean latents by a sampler's steps with a denoiser's predictions, batch by batch.
//
//   const denoiser = await compileDenoiser(runtime, config, { weights });
//   const sampler = createDpmSolverSampler(linearNoiseSchedule(), 20);
//   const latents = await sampleLatents(denoiser, noise, { sampler, sequence, distance });   // [N, 4, H, W]

import { float32, formatShape, type NdArray } from "@proteoscope/engine";
import type { Denoiser } from "./guided-denoiser.ts";
import type { Sampler, SamplerState } from "./samplers/sampler.ts";

/** How latents are sampled. */
export interface SampleOptions {
  sampler: Sampler;
  /** The denoiser's sequence of the protein, [1, L, D]. */
  sequence: NdArray;
  /** Nuclear distance on the latent grid in units of its standard deviation: [N, 1, H, W], or [1, 1, H, W] for all. */
  distance: NdArray;
  /** Further stains as `stainCondition` gives them, [N, c, H, W] or [1, c, H, W] for all, where the denoiser takes them. */
  stains?: NdArray | undefined;
  /** Guidance scale, 3 when absent; 1 is the conditional prediction. */
  guidance?: number;
  /** Number of samples that are computed together, 4 when absent. */
  batchSize?: number;
  /** `length` standard normal numbers for a sample at a step, for a random sampler; they do not depend on the batches. */
  freshNoise?: (sample: number, step: number, length: number) => Float32Array;
  /** Called after every step; the next one waits for what it returns. */
  onStep?: (progress: SamplingProgress) => unknown;
  /** Aborts before the next step. */
  signal?: AbortSignal;
}

/** The state of a sampling run after a step. */
export interface SamplingProgress {
  /** Number of steps taken, over all batches. */
  done: number;
  /** Number of steps of the whole run. */
  total: number;
  /** Index of the first sample of the current batch. */
  firstSample: number;
  /** Latents after this step, [B, 4, H, W]. */
  latents: NdArray;
  /** Clean latents as this step predicts them, [B, 4, H, W]: a preview. */
  denoised: NdArray;
}

/**
 * Samples clean latents [N, 4, H, W] from standard normal `noise` of that shape. Sample n depends on noise n and distance n
 * alone. @throws RangeError for shapes that do not fit; the signal's reason where it aborts.
 */
export async function sampleLatents(
  denoiser: Denoiser,
  noise: NdArray,
  options: SampleOptions,
): Promise<NdArray> {
  const {
    sampler,
    sequence,
    distance,
    stains,
    guidance = 3,
    batchSize = 4,
    freshNoise,
    onStep,
    signal,
  } = options;
  const [channels, height, width] = denoiser.latentShape;
  const count = noise.shape[0] ?? 0;
  expectShape("noise", noise, [count, channels, height, width]);
  for (const [name, places] of Object.entries({ distance, ...(stains && { stains }) })) {
    const [samples, depth = 1] = places.shape;
    expectShape(name, places, [samples === 1 ? 1 : count, depth, height, width]);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be a whole number from 1 on, got ${batchSize}`);
  signal?.throwIfAborted();
  const prepared = await denoiser.prepare(sequence);
  const result = new Float32Array(noise.data.length);
  const size = channels * height * width;
  const total = sampler.timesteps.length * Math.ceil(count / batchSize);
  let done = 0;
  for (let first = 0; first < count; first += batchSize) {
    const samples = Array.from({ length: Math.min(batchSize, count - first) }, (_, i) => first + i);
    const shape = [samples.length, channels, height, width];
    const placesOf = (values: NdArray) =>
      rows(values, values.shape[0] === 1 ? samples.map(() => 0) : samples);
    const conditions = { distance: placesOf(distance), ...(stains && { stains: placesOf(stains) }) };
    let state: SamplerState = { latents: rows(noise, samples).data as Float32Array };
    for (const [index, timestep] of sampler.timesteps.entries()) {
      signal?.throwIfAborted();
      const inputs = { latents: float32(shape, state.latents), ...conditions, timestep, guidance };
      const predicted = await denoiser.predict(prepared, inputs);
      const fresh = sampler.isRandom(index) ? gatherNoise(samples, index, size, freshNoise) : undefined;
      const next = sampler.step(state, index, predicted.data as Float32Array, fresh);
      state = next;
      done += 1;
      await onStep?.({
        done,
        total,
        firstSample: first,
        latents: float32(shape, next.latents),
        denoised: float32(shape, next.denoised),
      });
    }
    result.set(state.latents, first * size);
  }
  return float32(noise.shape, result);
}

function gatherNoise(
  samples: readonly number[],
  step: number,
  size: number,
  freshNoise: SampleOptions["freshNoise"],
): Float32Array {
  if (freshNoise === undefined) throw new Error("this sampler is random: give `freshNoise`");
  const values = new Float32Array(samples.length * size);
  for (const [index, sample] of samples.entries()) values.set(freshNoise(sample, step, size), index * size);
  return values;
}

/** Samples of x [N, ...] by index, one after the other. */
function rows(x: NdArray, samples: readonly number[]): NdArray {
  const size = x.data.length / x.shape[0]!;
  const values = new Float32Array(samples.length * size);
  for (const [index, sample] of samples.entries())
    values.set((x.data as Float32Array).subarray(sample * size, (sample + 1) * size), index * size);
  return float32([samples.length, ...x.shape.slice(1)], values);
}

function expectShape(name: string, { dtype, shape }: NdArray, expected: readonly number[]): void {
  const isRight =
    dtype === "float32" && shape.length === expected.length && shape.every((n, i) => n === expected[i]);
  if (isRight) return;
  throw new RangeError(
    `${name} must be float32 ${formatShape(expected)}, got ${dtype} ${formatShape(shape)}`,
  );
}
