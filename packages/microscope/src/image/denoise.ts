// Denoising of the images of one protein: each is conditioned on one of the protein's targets, and those that are conditioned
// alike are sampled together, in batches.

import { float32, type NdArray } from "@proteoscope/engine";
import {
  createDdimSampler,
  createDdpmSampler,
  createDpmSolverSampler,
  type Denoiser,
  type NoiseSchedule,
  type Sampler,
  sampleLatents,
} from "@proteoscope/models";
import type { SamplerName } from "../generate/formats.ts";
import type { EncodedProtein } from "../protein/encoder.ts";
import { assignSamples } from "../protein/main-compartments.ts";

/** Number of images that are computed together: more take more memory and hardly less time each. */
export const defaultBatchSize = 4;

/** What denoising starts from, for the samples of all cells, one cell after another. */
export interface DenoisingStart {
  readonly noise: NdArray;
  /** Nuclear distance at the latents' size, in units of the model's scale, [images, 1, h, w]. */
  readonly distances: NdArray;
  /** Further stains, [images, c, h, w]; undefined for a model without them. */
  readonly stains?: NdArray | undefined;
  /** The noise that a stochastic sampler adds to an image at a step. */
  readonly freshNoise: (image: number, step: number | "start", length: number) => Float32Array;
}

/** How images are denoised. */
export interface DenoisingSettings {
  /** Number of images per cell. */
  readonly samples: number;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
  /** Number of images that are computed together. */
  readonly batchSize: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (done: number, total: number) => void;
  /** Called after every step with the first image of its batch as that step predicts it; the next step waits. */
  readonly onDenoised?: ((denoised: DenoisedLatents) => Promise<void>) | undefined;
}

/** Clean latents of one image as a step predicts them. */
export interface DenoisedLatents {
  readonly image: number;
  /** Number of steps that its batch has taken. */
  readonly step: number;
  /** [4, h, w] */
  readonly latents: Float32Array;
}

/** Latents of all images, those that are conditioned alike together. */
export async function denoise(
  denoiser: Denoiser,
  protein: EncodedProtein,
  { noise, distances, stains, freshNoise }: DenoisingStart,
  schedule: NoiseSchedule,
  { samples, sampler, steps, guidance, batchSize, signal, onStep, onDenoised }: DenoisingSettings,
): Promise<NdArray> {
  const { width } = protein;
  const groups = groupByCondition(protein, samples, noise.shape[0]!);
  const stepsOf = (images: readonly number[]) => steps * Math.ceil(images.length / batchSize);
  const total = groups.reduce((sum, { images }) => sum + stepsOf(images), 0);
  const latents = new Float32Array(noise.data.length);
  const latentLength = latents.length / noise.shape[0]!;
  let before = 0;
  for (const { condition, images } of groups) {
    const { data } = await sampleLatents(denoiser, rowsOf(noise, images), {
      sampler: createSampler(sampler, schedule, steps),
      sequence: float32([1, condition.length / width, width], condition),
      distance: rowsOf(distances, images),
      stains: stains && rowsOf(stains, images),
      guidance,
      batchSize,
      freshNoise: (row, step, length) => freshNoise(images[row]!, step, length),
      ...(signal === undefined ? {} : { signal }),
      onStep: async ({ done, firstSample, denoised }) => {
        onStep?.(before + done, total);
        const first = (denoised.data as Float32Array).subarray(0, latentLength);
        await onDenoised?.({ image: images[firstSample]!, step: ((done - 1) % steps) + 1, latents: first });
      },
    });
    before += stepsOf(images);
    for (const [row, image] of images.entries())
      latents.set(
        (data as Float32Array).subarray(row * latentLength, (row + 1) * latentLength),
        image * latentLength,
      );
  }
  return float32(noise.shape, latents);
}

/** The images that are conditioned alike, by their index among `count`; each cell has `samples` of them. */
function groupByCondition(
  { condition, knownTargets }: EncodedProtein,
  samples: number,
  count: number,
): { readonly condition: Float32Array; readonly images: readonly number[] }[] {
  const all = Array.from({ length: count }, (_, image) => image);
  if (knownTargets.length < 2) return [{ condition, images: all }];
  const shares = knownTargets.map(({ share }) => share);
  const targets = assignSamples(shares, samples);
  return knownTargets
    .map((target, index) => ({
      condition: target.condition,
      images: all.filter((image) => targets[image % samples] === index),
    }))
    .filter(({ images }) => images.length > 0);
}

/** Rows of x [N, ...] by index, one after the other. */
function rowsOf({ data, shape }: NdArray, rows: readonly number[]): NdArray {
  const size = data.length / shape[0]!;
  const values = new Float32Array(rows.length * size);
  for (const [at, row] of rows.entries())
    values.set((data as Float32Array).subarray(row * size, (row + 1) * size), at * size);
  return float32([rows.length, ...shape.slice(1)], values);
}

function createSampler(name: SamplerName, schedule: NoiseSchedule, steps: number): Sampler {
  switch (name) {
    case "ddim":
      return createDdimSampler(schedule, steps);
    case "ddpm":
      return createDdpmSampler(schedule, steps);
    case "dpm++":
      return createDpmSolverSampler(schedule, steps);
  }
}
