// The virtual microscope: a protein's sequence and a nucleus in, fluorescence images of the protein out.
//
//     const microscope = openMicroscope(runtime, model);
//     const protein = await microscope.encode(sequence);
//     const images = await microscope.generate(protein, nucleus.distance, { samples: 4, seed: 0 });
//
// Latent diffusion (Rombach et al. 2022) conditioned on a protein language model and the nuclear distance, with
// classifier-free guidance (Ho & Salimans 2022).

import { compile, createGenerator, f32, float32, type Program, type Runtime } from "@proteoscope/engine";
import { cellFootprint, latentDistance, sampleAgreement } from "@proteoscope/imaging";
import {
  CheckpointError,
  compileDenoiser,
  createDdimSampler,
  createDdpmSampler,
  createDpmSolverSampler,
  decode,
  linearNoiseSchedule,
  type NoiseSchedule,
  type ProteinContext,
  type Sampler,
  sampleLatents,
} from "@proteoscope/models";
import { generateDefaults, type SamplerName } from "../generate/formats.ts";
import type { MicroscopeModel } from "../model/model.ts";
import { type EncodedProtein, type EncodeOptions, openProteinEncoder } from "../protein/encoder.ts";
import { assignSamples } from "../protein/main-compartments.ts";
import { byName, type CompartmentProbabilities } from "../protein/probabilities.ts";
import { openImageClassifier } from "./classifier.ts";

/** Settings of a generation; defaults are in `generateDefaults`. */
export interface GenerateOptions {
  /** Number of images per protein and nucleus, each from other noise. Default 4. */
  samples?: number;
  /** Number of denoising steps. Default 50; at most `mostSteps`. */
  steps?: number;
  /** Sampling method. Default ddim. */
  sampler?: SamplerName;
  /** Weight of classifier-free guidance: 1 is plain conditioning. Default 3. */
  guidance?: number;
  /** Seed of the noise. Default 0. */
  seed?: number;
  /** Aborts between two steps. */
  signal?: AbortSignal;
  /** Called after every step of every batch of samples. */
  onStep?: (done: number, total: number) => void;
}

/** The images of one protein around one nucleus, and what was measured on them. */
export interface GeneratedImages {
  /** Protein and nucleus in [0, 1], [samples, 2, H, W]. */
  readonly images: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Probabilities of the image classifier for each image. */
  readonly classified: readonly CompartmentProbabilities[];
  /** Mean of `classified` over the images. */
  readonly compartments: CompartmentProbabilities;
  /** Mean pairwise correlation of the samples, in [0, 1]; agreement, not correctness. null for one sample. */
  readonly agreement: number | null;
  /** Index of the sample that correlates most with the others. */
  readonly medoid: number;
}

/** A nucleus to generate around and the seed of the noise to start from. */
export interface Cell {
  /** Signed nuclear distance in pixels, [cropPixels, cropPixels]. */
  readonly distance: Float32Array;
  readonly seed: number;
}

/** A model at work: encodes proteins, generates and classifies images. */
export interface Microscope {
  readonly model: MicroscopeModel;
  /**
   * Encodes a sequence; a model that was trained without context ignores `context`.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  encode(sequence: string, context?: ProteinContext, options?: EncodeOptions): Promise<EncodedProtein>;
  /**
   * Images of a protein around a nucleus, given as the signed nuclear distance of a crop [cropPixels, cropPixels].
   *
   * @throws RangeError for a crop of another size or more than `mostSteps` steps.
   */
  generate(
    protein: EncodedProtein,
    distance: Float32Array,
    options?: GenerateOptions,
  ): Promise<GeneratedImages>;
  /** The images of each cell, as `generate` makes them with the cell's seed; several cells share a batch, which takes less time. */
  generateCells(
    protein: EncodedProtein,
    cells: readonly Cell[],
    options?: GenerateOptions,
  ): Promise<GeneratedImages[]>;
  /** Probabilities of the image classifier for images of one crop: protein and nucleus in [0, 1], [B, 2, H, W]. */
  classify(images: Float32Array, distance: Float32Array): Promise<CompartmentProbabilities[]>;
  /** Waits for what is being compiled, then releases the networks. */
  close(): Promise<void>;
}

type Settings = Required<Omit<GenerateOptions, "signal" | "onStep">>;

/** Number of samples that are computed together: more take more memory and hardly less time each. */
const batchSize = 4;

/** Steps that a sampler can take at most with a model's noise schedule. */
export function mostSteps({ schedule }: MicroscopeModel, sampler: SamplerName): number {
  return sampler === "dpm++" ? schedule.numTrainTimesteps - 1 : schedule.numTrainTimesteps;
}

/**
 * Opens a model on a runtime, which stays the caller's to close. All networks are compiled at once, in the order of their
 * use; an error of one is thrown by the first call that needs it.
 */
export function openMicroscope(runtime: Runtime, model: MicroscopeModel): Microscope {
  const { constants, unet } = model;
  const { cropPixels } = constants;
  const area = cropPixels * cropPixels;
  const side = unet.config.sampleSize;
  const schedule = linearNoiseSchedule(model.schedule);
  const encoder = openProteinEncoder(runtime, model);
  const denoiser = compileDenoiser(runtime, unet.config, { weights: unet.weights });
  const decoder = compileDecoder(runtime, model);
  const classifier = openImageClassifier(runtime, model.classifier, cropPixels);
  const programs = [encoder, denoiser, decoder, classifier];
  for (const program of programs) program.catch(() => undefined);

  const generateCells: Microscope["generateCells"] = async (protein, cells, options = {}) => {
    const { samples, steps, sampler, guidance, signal, onStep }: Settings & GenerateOptions = {
      ...generateDefaults,
      ...options,
    };
    const size = { height: cropPixels, width: cropPixels };
    const latentShape = [unet.config.outChannels, side, side];
    const latentLength = unet.config.outChannels * side * side;
    const count = cells.length * samples;
    const cellOf = (image: number) => cells[Math.floor(image / samples)]!;
    const freshNoise = (image: number, step: number | "start", length: number) =>
      createGenerator(cellOf(image).seed, "draw", image % samples, step).normal(length);
    const noise = new Float32Array(count * latentLength);
    const distances = new Float32Array(count * side * side);
    for (let i = 0; i < count; i++) {
      const { distance } = cellOf(i);
      if (distance.length !== area)
        throw new RangeError(
          `the nucleus has ${distance.length} pixels, the model generates ${cropPixels}x${cropPixels}`,
        );
      noise.set(freshNoise(i, "start", latentLength), i * latentLength);
      const small = latentDistance(distance, size).map((value) => value / constants.distanceScale);
      distances.set(small, i * side * side);
    }
    const tokens = protein.condition.length / protein.width;
    const groups = groupByCondition(protein, samples, count);
    const batchesOf = (members: number) => Math.ceil(members / batchSize);
    const total = steps * groups.reduce((sum, { members }) => sum + batchesOf(members.length), 0);
    const latents = new Float32Array(noise.length);
    let doneBefore = 0;
    for (const { condition, members } of groups) {
      const start = float32([members.length, ...latentShape], rowsOf(noise, latentLength, members));
      const sampled = await sampleLatents(await denoiser, start, {
        sampler: createSampler(sampler, schedule, steps),
        sequence: float32([1, tokens, protein.width], condition),
        distance: float32([members.length, 1, side, side], rowsOf(distances, side * side, members)),
        guidance,
        batchSize,
        freshNoise: (member, step, length) => freshNoise(members[member]!, step, length),
        ...(signal === undefined ? {} : { signal }),
        onStep: ({ done }) => onStep?.(doneBefore + done, total),
      });
      doneBefore += steps * batchesOf(members.length);
      for (const [row, member] of members.entries())
        latents.set(
          sampled.data.subarray(row * latentLength, (row + 1) * latentLength) as Float32Array,
          member * latentLength,
        );
    }
    const images = new Float32Array(count * 2 * area);
    for (let first = 0; first < count; first += batchSize) {
      signal?.throwIfAborted();
      const inBatch = Math.min(batchSize, count - first);
      const end = (first + inBatch) * latentLength;
      const values = latents.slice(first * latentLength, end);
      const latent = float32(
        [inBatch, ...latentShape],
        values.map((value) => value * constants.latentScale),
      );
      const { image } = await (await decoder).run({ latent });
      const decoded = image.data as Float32Array;
      if (!decoded.every(Number.isFinite)) throw notNumbers(model);
      images.set(
        decoded.map((value) => Math.min(1, Math.max(0, value))),
        first * 2 * area,
      );
    }
    const generated: GeneratedImages[] = [];
    for (const [index, { distance }] of cells.entries()) {
      const ofCell = images.slice(2 * index * samples * area, 2 * (index + 1) * samples * area);
      const classified: CompartmentProbabilities[] = [];
      for (let first = 0; first < samples; first += batchSize)
        classified.push(
          ...(await classify(ofCell.subarray(2 * first * area, 2 * (first + batchSize) * area), distance)),
        );
      const proteins = classified.map((_, i) => ofCell.subarray(2 * i * area, (2 * i + 1) * area));
      const { reliability, medoid } = sampleAgreement(proteins, cellFootprint(distance));
      const summary = { classified, compartments: meanOf(classified), agreement: reliability, medoid };
      generated.push({ images: ofCell, ...size, ...summary });
    }
    return generated;
  };
  const generate: Microscope["generate"] = async (protein, distance, options = {}) => {
    const cell = { distance, seed: options.seed ?? generateDefaults.seed };
    return (await generateCells(protein, [cell], options))[0]!;
  };

  const classify: Microscope["classify"] = async (images, distance) => {
    const count = images.length / (2 * area);
    const withDistance = new Float32Array(count * 3 * area);
    for (let i = 0; i < count; i++) {
      withDistance.set(images.subarray(2 * i * area, 2 * (i + 1) * area), 3 * i * area);
      withDistance.set(distance, (3 * i + 2) * area);
    }
    const results = await (await classifier).classify(withDistance);
    return results.map(({ probabilities }) => byName(model.classifier.config.labels, probabilities));
  };

  return {
    model,
    generate,
    generateCells,
    encode: async (...protein) => (await encoder).encode(...protein),
    classify,
    close: async () => {
      for (const program of await Promise.allSettled(programs))
        if (program.status === "fulfilled") await program.value.close();
    },
  };
}

/** The images that are conditioned alike, by their index among `count`; each cell has `samples` of them. */
function groupByCondition(
  { condition, knownTargets }: EncodedProtein,
  samples: number,
  count: number,
): { readonly condition: Float32Array; readonly members: readonly number[] }[] {
  const images = Array.from({ length: count }, (_, image) => image);
  if (knownTargets.length < 2) return [{ condition, members: images }];
  const shares = knownTargets.map(({ share }) => share);
  const targets = assignSamples(shares, samples);
  return knownTargets
    .map((target, index) => ({
      condition: target.condition,
      members: images.filter((image) => targets[image % samples] === index),
    }))
    .filter(({ members }) => members.length > 0);
}

/** Rows of x [N, size], one after the other. */
function rowsOf(x: Float32Array, size: number, rows: readonly number[]): Float32Array {
  const values = new Float32Array(rows.length * size);
  for (const [at, row] of rows.entries()) values.set(x.subarray(row * size, (row + 1) * size), at * size);
  return values;
}

function notNumbers({ name }: MicroscopeModel): CheckpointError {
  return new CheckpointError(`${name}: its networks give values that are no numbers; fetch the model again`);
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

/** latent [B, 4, h, w] -> image [B, 2, H, W] */
function compileDecoder(
  runtime: Runtime,
  { autoencoder, unet }: MicroscopeModel,
): Promise<Program<"latent", "image">> {
  const { sampleSize } = unet.config;
  const { config, weights } = autoencoder;
  const types = { latent: f32("batch", config.latentChannels, sampleSize, sampleSize) };
  return compile(runtime, (w, { latent }) => ({ image: decode(w, config, latent) }), types, { weights });
}

function meanOf(rows: readonly CompartmentProbabilities[]): CompartmentProbabilities {
  const labels = Object.keys(rows[0] ?? {});
  const mean = (label: string) => rows.reduce((sum, row) => sum + row[label]!, 0) / rows.length;
  return Object.fromEntries(labels.map((label) => [label, mean(label)]));
}
