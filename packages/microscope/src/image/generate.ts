// The virtual microscope: a protein's sequence and a nucleus in, fluorescence images of the protein out.
//
//     const microscope = openMicroscope(runtime, model);
//     const protein = await microscope.encode(sequence);
//     const images = await microscope.generate(protein, nucleus.distance, { samples: 4, seed: 0 });
//
// Latent diffusion (Rombach et al. 2022) conditioned on a protein language model and the nuclear distance, with
// classifier-free guidance (Ho & Salimans 2022).

import {
  compile,
  createGenerator,
  f32,
  float32,
  type NdArray,
  type Program,
  type Runtime,
} from "@proteoscope/engine";
import { cellFootprint, latentDistance, sampleAgreement } from "@proteoscope/imaging";
import {
  CheckpointError,
  compileDenoiser,
  decode,
  linearNoiseSchedule,
  type ProteinContext,
} from "@proteoscope/models";
import { generateDefaults, type SamplerName } from "../generate/formats.ts";
import type { MicroscopeModel } from "../model/model.ts";
import { type EncodedProtein, type EncodeOptions, openProteinEncoder } from "../protein/encoder.ts";
import { byName, type CompartmentProbabilities } from "../protein/probabilities.ts";
import { openImageClassifier } from "./classifier.ts";
import { type DenoisedLatents, type DenoisingStart, defaultBatchSize, denoise } from "./denoise.ts";
import { openStainEncoder, type StainedCell } from "./stain-encoder.ts";

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
  /** Number of images that are computed together; the images are the same, the memory is not. Default 4. */
  batchSize?: number;
  /** Aborts between two steps. */
  signal?: AbortSignal;
  /** Called after every step of every batch of samples. */
  onStep?: (done: number, total: number) => void;
  /** Called every `previewEvery` steps with the first image of a batch as it will look; the next step waits. */
  onPreview?: (preview: ImagePreview) => void | Promise<void>;
  /** Number of steps between two previews. Default 5. */
  previewEvery?: number;
}

/** An image before it is finished: decoded from the clean latents that a step predicts. */
export interface ImagePreview {
  /** Place among the cells that are generated together. */
  readonly cell: number;
  readonly sample: number;
  /** Number of steps taken, and of all steps. */
  readonly step: number;
  readonly steps: number;
  /** Protein and nucleus in [0, 1], [2, H, W]. */
  readonly image: Float32Array;
  readonly height: number;
  readonly width: number;
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

/** A nucleus to generate around, with its further stains where there are any, and the seed of the noise to start from. */
export interface Cell extends StainedCell {
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
   * Images of a protein around a nucleus, or around a signed nuclear distance [cropPixels, cropPixels] alone.
   *
   * @throws RangeError for a crop of another size or more than `mostSteps` steps.
   */
  generate(
    protein: EncodedProtein,
    nucleus: Omit<Cell, "seed"> | Float32Array,
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

type Settings = Required<Omit<GenerateOptions, "signal" | "onStep" | "onPreview" | "previewEvery">>;

const defaultPreviewEvery = 5;

/** Steps that a sampler can take at most with a model's noise schedule. */
export function mostSteps({ schedule }: MicroscopeModel, sampler: SamplerName): number {
  return sampler === "dpm++" ? schedule.numTrainTimesteps - 1 : schedule.numTrainTimesteps;
}

/**
 * Opens a model on a runtime, which stays the caller's to close. All networks are compiled at once, in the order of their
 * use; an error of one is thrown by the first call that needs it.
 */
export function openMicroscope(runtime: Runtime, model: MicroscopeModel): Microscope {
  const { cropPixels } = model.constants;
  const area = cropPixels * cropPixels;
  const schedule = linearNoiseSchedule(model.schedule);
  const encoder = openProteinEncoder(runtime, model);
  const denoiser = compileDenoiser(runtime, model.unet.config, { weights: model.unet.weights });
  const decoder = compileDecoder(runtime, model);
  const classifier = openImageClassifier(runtime, model.classifier, cropPixels);
  const stainEncoder = openStainEncoder(runtime, model);
  const programs = [encoder, denoiser, decoder, classifier];
  for (const program of programs) program.catch(() => undefined);

  const classify: Microscope["classify"] = async (images, distance) => {
    const results = await (await classifier).classify(withDistance(images, distance));
    return results.map(({ probabilities }) => byName(model.classifier.config.labels, probabilities));
  };

  const generateCells: Microscope["generateCells"] = async (protein, cells, options = {}) => {
    const settings = { batchSize: defaultBatchSize, ...generateDefaults, ...options };
    const start = startOf(model, cells, settings.samples);
    const stains = await stainEncoder.encode(cells, settings.samples);
    const onDenoised = options.onPreview && previewer(await decoder, model, settings, options.onPreview);
    const begin = { ...start, stains };
    const latents = await denoise(await denoiser, protein, begin, schedule, { ...settings, onDenoised });
    const images = await decodeAll(await decoder, model, latents, settings);
    const lengthOfCell = 2 * settings.samples * area;
    const generated: GeneratedImages[] = [];
    for (const [index, { distance }] of cells.entries())
      generated.push(
        await summarize(images.slice(index * lengthOfCell, (index + 1) * lengthOfCell), distance, classify),
      );
    return generated;
  };
  const generate: Microscope["generate"] = async (protein, nucleus, options = {}) => {
    const around = nucleus instanceof Float32Array ? { distance: nucleus } : nucleus;
    const cell = { ...around, seed: options.seed ?? generateDefaults.seed };
    return (await generateCells(protein, [cell], options))[0]!;
  };

  return {
    model,
    generate,
    generateCells,
    encode: async (...protein) => (await encoder).encode(...protein),
    classify,
    close: async () => {
      await stainEncoder.close();
      for (const program of await Promise.allSettled(programs))
        if (program.status === "fulfilled") await program.value.close();
    },
  };
}

/** The samples of one cell, [samples, 2, H, W], measured. */
async function summarize(
  images: Float32Array,
  distance: Float32Array,
  classify: Microscope["classify"],
): Promise<GeneratedImages> {
  const area = distance.length;
  const side = Math.sqrt(area);
  const classified: CompartmentProbabilities[] = [];
  for (let first = 0; first < images.length; first += defaultBatchSize * 2 * area)
    classified.push(
      ...(await classify(images.subarray(first, first + defaultBatchSize * 2 * area), distance)),
    );
  const proteins = classified.map((_, i) => images.subarray(2 * i * area, (2 * i + 1) * area));
  const { reliability, medoid } = sampleAgreement(proteins, cellFootprint(distance));
  const summary = { classified, compartments: meanOf(classified), agreement: reliability, medoid };
  return { images, height: side, width: side, ...summary };
}

function startOf(
  { constants, unet }: MicroscopeModel,
  cells: readonly Cell[],
  samples: number,
): DenoisingStart {
  const { cropPixels, distanceScale } = constants;
  const { outChannels, sampleSize: side } = unet.config;
  const latentLength = outChannels * side * side;
  const count = cells.length * samples;
  const cellOf = (image: number) => cells[Math.floor(image / samples)]!;
  const freshNoise: DenoisingStart["freshNoise"] = (image, step, length) =>
    createGenerator(cellOf(image).seed, "draw", image % samples, step).normal(length);
  const noise = new Float32Array(count * latentLength);
  const distances = new Float32Array(count * side * side);
  for (let i = 0; i < count; i++) {
    const { distance } = cellOf(i);
    if (distance.length !== cropPixels ** 2)
      throw new RangeError(
        `the nucleus has ${distance.length} pixels, the model generates ${cropPixels}x${cropPixels}`,
      );
    noise.set(freshNoise(i, "start", latentLength), i * latentLength);
    const small = latentDistance(distance, { height: cropPixels, width: cropPixels });
    distances.set(
      small.map((value) => value / distanceScale),
      i * side * side,
    );
  }
  return {
    noise: float32([count, outChannels, side, side], noise),
    distances: float32([count, 1, side, side], distances),
    freshNoise,
  };
}

/** Decodes what a step predicts of an image and gives it to `onPreview`, every few steps; the last one is the image itself. */
function previewer(
  decoder: Program<"latent", "image">,
  model: MicroscopeModel,
  settings: Settings & GenerateOptions,
  onPreview: NonNullable<GenerateOptions["onPreview"]>,
): (denoised: DenoisedLatents) => Promise<void> {
  const { samples, steps, previewEvery = defaultPreviewEvery } = settings;
  const { latentChannels } = model.autoencoder.config;
  const { sampleSize } = model.unet.config;
  const side = model.constants.cropPixels;
  return async ({ image: index, step, latents }) => {
    if (step % previewEvery !== 0 || step === steps) return;
    const one = float32([1, latentChannels, sampleSize, sampleSize], latents);
    const image = await decodeAll(decoder, model, one, settings);
    const place = { cell: Math.floor(index / samples), sample: index % samples };
    await onPreview({ ...place, step, steps, image, height: side, width: side });
  };
}

/** Decodes latents, in batches. @throws CheckpointError where the networks give values that are no numbers. */
async function decodeAll(
  decoder: Program<"latent", "image">,
  model: MicroscopeModel,
  { data, shape }: NdArray,
  { batchSize, signal }: Settings & GenerateOptions,
): Promise<Float32Array> {
  const [count, ...latentShape] = shape as [number, ...number[]];
  const { latentScale, cropPixels } = model.constants;
  const [latentLength, imageLength] = [data.length / count, 2 * cropPixels ** 2];
  const images = new Float32Array(count * imageLength);
  for (let first = 0; first < count; first += batchSize) {
    signal?.throwIfAborted();
    const inBatch = Math.min(batchSize, count - first);
    const values = data.slice(first * latentLength, (first + inBatch) * latentLength) as Float32Array;
    const scaled = values.map((value) => value * latentScale);
    const { image } = await decoder.run({ latent: float32([inBatch, ...latentShape], scaled) });
    const decoded = image.data as Float32Array;
    if (!decoded.every(Number.isFinite)) throw notNumbers(model);
    images.set(
      decoded.map((value) => Math.min(1, Math.max(0, value))),
      first * imageLength,
    );
  }
  return images;
}

/** Images [B, 2, H, W] with one distance as their third channel, [B, 3, H, W]. */
function withDistance(images: Float32Array, distance: Float32Array): Float32Array {
  const area = distance.length;
  const count = images.length / (2 * area);
  const result = new Float32Array(count * 3 * area);
  for (let i = 0; i < count; i++) {
    result.set(images.subarray(2 * i * area, 2 * (i + 1) * area), 3 * i * area);
    result.set(distance, (3 * i + 2) * area);
  }
  return result;
}

function notNumbers({ name }: MicroscopeModel): CheckpointError {
  return new CheckpointError(`${name}: its networks give values that are no numbers; fetch the model again`);
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
