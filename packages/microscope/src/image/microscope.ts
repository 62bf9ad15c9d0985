// The virtual microscope: a protein's sequence and a nucleus in, fluorescence images of the protein out.
//
//     const microscope = openMicroscope(runtime, model);
//     const protein = await microscope.read(sequence);
//     const drawing = await microscope.draw(protein, nucleus.distance, { samples: 4, seed: 0 });
//
// Latent diffusion (Rombach et al. 2022) conditioned on a protein language model and the nuclear distance, with
// classifier-free guidance (Ho & Salimans 2022).

import {
  compile,
  createGenerator,
  f32,
  float32,
  type Program,
  type Runtime,
  softmax,
} from "@proteoscope/engine";
import { cellFootprint, latentDistance, sampleAgreement } from "@proteoscope/imaging";
import {
  CheckpointError,
  compartmentClassifier,
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
import type { MicroscopeModel } from "../model/model.ts";
import {
  byName,
  type CompartmentProbabilities,
  openProteinReader,
  type ReadProtein,
} from "../protein/encoder.ts";

export const samplerNames = ["ddim", "ddpm", "dpm++"] as const;
export type SamplerName = (typeof samplerNames)[number];

export interface DrawOptions {
  /** Images of one protein in one nucleus, each from other noise. Default 4. */
  samples?: number;
  /** Default 50; at most `mostSteps`. */
  steps?: number;
  /** Default ddim. */
  sampler?: SamplerName;
  /** Weight of the sequence: 1 is plain conditioning. Default 3. */
  guidance?: number;
  /** Default 0. */
  seed?: number;
  /** Stops between two steps. */
  signal?: AbortSignal;
  /** Called after every step of every batch of samples. */
  onStep?: (done: number, total: number) => void;
}

export interface Drawing {
  /** Protein and nucleus in [0, 1], [samples, 2, H, W]. */
  readonly images: Float32Array;
  readonly height: number;
  readonly width: number;
  /** What the image classifier sees in each image. */
  readonly seen: readonly CompartmentProbabilities[];
  /** Mean over the images. */
  readonly compartments: CompartmentProbabilities;
  /** How alike the samples are, in [0, 1]; agreement, not correctness. null for one sample. */
  readonly agreement: number | null;
  /** The sample that is most like the others. */
  readonly medoid: number;
}

/** A nucleus to draw around and the seed of the noise to start from. */
export interface Cell {
  /** [cropPixels, cropPixels] */
  readonly distance: Float32Array;
  readonly seed: number;
}

export interface Microscope {
  readonly model: MicroscopeModel;
  /**
   * `context` is what is known beside the sequence; a model that was not trained with it takes no notice.
   * @throws SequenceError for a residue that the language model does not know, RangeError for an unknown cell line.
   */
  read(sequence: string, context?: ProteinContext): Promise<ReadProtein>;
  /**
   * Images of a protein around a nucleus, given as the signed nuclear distance of a crop [cropPixels, cropPixels].
   *
   * @throws RangeError for a crop of another size or more than `mostSteps` steps.
   */
  draw(protein: ReadProtein, distance: Float32Array, options?: DrawOptions): Promise<Drawing>;
  /** A drawing for each cell, as `draw` makes it with the cell's seed, several at once: in less time. */
  drawCells(protein: ReadProtein, cells: readonly Cell[], options?: DrawOptions): Promise<Drawing[]>;
  /** What the image classifier sees in images of one crop: protein and nucleus in [0, 1], [B, 2, H, W]. */
  classify(images: Float32Array, distance: Float32Array): Promise<CompartmentProbabilities[]>;
  /** Waits for what is being compiled, then lets go of the networks. */
  close(): Promise<void>;
}

export const drawDefaults: Required<Omit<DrawOptions, "signal" | "onStep">> = {
  samples: 4,
  steps: 50,
  sampler: "ddim",
  guidance: 3,
  seed: 0,
};

/** Samples that are computed together: more take more memory and hardly less time each. */
const batchSize = 4;

/** Steps that a sampler can take at most with a model's noise schedule. */
export function mostSteps({ schedule }: MicroscopeModel, sampler: SamplerName): number {
  return sampler === "dpm++" ? schedule.numTrainTimesteps - 1 : schedule.numTrainTimesteps;
}

/**
 * Puts a model to work on a runtime, which stays the caller's to close. All networks are compiled at once, in the
 * order of their use; what goes wrong with one is told by the first call that needs it.
 */
export function openMicroscope(runtime: Runtime, model: MicroscopeModel): Microscope {
  const { constants, unet } = model;
  const { cropPixels } = constants;
  const area = cropPixels * cropPixels;
  const side = unet.config.sampleSize;
  const schedule = linearNoiseSchedule(model.schedule);
  const reader = openProteinReader(runtime, model);
  const denoiser = compileDenoiser(runtime, unet.config, { weights: unet.weights });
  const decoder = compileDecoder(runtime, model);
  const classifier = compileClassifier(runtime, model);
  const programs = [reader, denoiser, decoder, classifier];
  for (const program of programs) program.catch(() => undefined);

  const drawCells: Microscope["drawCells"] = async (protein, cells, options = {}) => {
    const { samples, steps, sampler, guidance, signal, onStep }: typeof drawDefaults & DrawOptions = {
      ...drawDefaults,
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
          `the nucleus has ${distance.length} pixels, the model draws ${cropPixels}x${cropPixels}`,
        );
      noise.set(freshNoise(i, "start", latentLength), i * latentLength);
      const small = latentDistance(distance, size).map((value) => value / constants.distanceScale);
      distances.set(small, i * side * side);
    }
    const tokens = protein.condition.length / protein.width;
    const latents = await sampleLatents(await denoiser, float32([count, ...latentShape], noise), {
      sampler: createSampler(sampler, schedule, steps),
      sequence: float32([1, tokens, protein.width], protein.condition),
      distance: float32([count, 1, side, side], distances),
      guidance,
      batchSize,
      freshNoise,
      ...(signal === undefined ? {} : { signal }),
      ...(onStep === undefined ? {} : { onStep: ({ done, total }) => onStep(done, total) }),
    });
    const images = new Float32Array(count * 2 * area);
    for (let first = 0; first < count; first += batchSize) {
      signal?.throwIfAborted();
      const inBatch = Math.min(batchSize, count - first);
      const end = (first + inBatch) * latentLength;
      const values = latents.data.slice(first * latentLength, end) as Float32Array;
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
    const drawings: Drawing[] = [];
    for (const [index, { distance }] of cells.entries()) {
      const ofCell = images.slice(2 * index * samples * area, 2 * (index + 1) * samples * area);
      const seen: CompartmentProbabilities[] = [];
      for (let first = 0; first < samples; first += batchSize)
        seen.push(
          ...(await classify(ofCell.subarray(2 * first * area, 2 * (first + batchSize) * area), distance)),
        );
      const proteins = seen.map((_, i) => ofCell.subarray(2 * i * area, (2 * i + 1) * area));
      const { reliability, medoid } = sampleAgreement(proteins, cellFootprint(distance));
      const said = { seen, compartments: meanOf(seen), agreement: reliability, medoid };
      drawings.push({ images: ofCell, ...size, ...said });
    }
    return drawings;
  };
  const draw: Microscope["draw"] = async (protein, distance, options = {}) => {
    const cell = { distance, seed: options.seed ?? drawDefaults.seed };
    return (await drawCells(protein, [cell], options))[0]!;
  };

  const classify: Microscope["classify"] = async (images, distance) => {
    const { labels, distanceScale } = model.classifier.config;
    const count = images.length / (2 * area);
    const scaled = distance.map((value) => value / distanceScale);
    const input = new Float32Array(count * 3 * area);
    for (let i = 0; i < count; i++) {
      input.set(images.subarray(2 * i * area, 2 * (i + 1) * area), 3 * i * area);
      input.set(scaled, (3 * i + 2) * area);
    }
    const image = float32([count, 3, cropPixels, cropPixels], input);
    const rows = (await (await classifier).run({ image })).probabilities.data as Float32Array;
    return Array.from({ length: count }, (_, i) => byName(labels, rows.subarray(i * labels.length)));
  };

  return {
    model,
    draw,
    drawCells,
    read: async (sequence, context) => (await reader).read(sequence, context),
    classify,
    close: async () => {
      for (const program of await Promise.allSettled(programs))
        if (program.status === "fulfilled") await program.value.close();
    },
  };
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

/** image [B, 3, H, W] = protein, nucleus, distance -> probabilities [B, compartments] */
function compileClassifier(
  runtime: Runtime,
  { classifier, constants }: MicroscopeModel,
): Promise<Program<"image", "probabilities">> {
  const { config, weights } = classifier;
  return compile(
    runtime,
    (w, { image }) => ({ probabilities: softmax(compartmentClassifier(w, config, image)) }),
    { image: f32("batch", 3, constants.cropPixels, constants.cropPixels) },
    { weights },
  );
}

function meanOf(rows: readonly CompartmentProbabilities[]): CompartmentProbabilities {
  const labels = Object.keys(rows[0] ?? {});
  const mean = (label: string) => rows.reduce((sum, row) => sum + row[label]!, 0) / rows.length;
  return Object.fromEntries(labels.map((label) => [label, mean(label)]));
}
