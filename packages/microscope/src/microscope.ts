// The virtual microscope: a protein's sequence and a nucleus in, fluorescence images of the protein out.
//
//     const microscope = openMicroscope(runtime, model);
//     const protein = await microscope.read(sequence);
//     const drawing = await microscope.draw(protein, nucleus.distance, { samples: 4, seed: 0 });
//
// Latent diffusion (Rombach et al. 2022) conditioned on a protein language model and the nuclear distance, with
// classifier-free guidance (Ho & Salimans 2022). Networks are compiled when they are first needed.

import {
  compile,
  createGenerator,
  f32,
  float32,
  i64,
  type NdArray,
  type Program,
  product,
  type Runtime,
  sigmoid,
  softmax,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  compartmentClassifier,
  compileDenoiser,
  createDdimSampler,
  createDdpmSampler,
  createDpmSolverSampler,
  decode,
  esm2,
  latentDistance,
  linearNoiseSchedule,
  localizationHead,
  type NoiseSchedule,
  type Sampler,
  type SequenceWindow,
  sampleLatents,
  tokenizeBatch,
  windowSequence,
} from "@proteoscope/models";
import { cellFootprint, sampleAgreement } from "./agreement.ts";
import type { MicroscopeModel } from "./model.ts";

export const samplerNames = ["ddim", "ddpm", "dpm++"] as const;
export type SamplerName = (typeof samplerNames)[number];

/** A probability for each compartment, by name. */
export type CompartmentProbabilities = Readonly<Record<string, number>>;

/** A protein as the language model reads it. */
export interface ReadProtein {
  readonly sequence: string;
  /** What the language model was shown. */
  readonly window: SequenceWindow;
  /** Last representation, [tokens, width], <cls> and <eos> included. */
  readonly representation: Float32Array;
  readonly width: number;
  /** From the sequence alone; compartments do not exclude each other. */
  readonly compartments: CompartmentProbabilities;
}

export interface DrawOptions {
  /** Images of one protein in one nucleus, each from other noise. Default 4. */
  samples?: number;
  /** Default 50. */
  steps?: number;
  sampler?: SamplerName;
  /** Weight of the sequence: 1 is plain conditioning. Default 3. */
  guidance?: number;
  seed?: number;
  /** Stops between two steps. */
  signal?: AbortSignal;
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

export interface Microscope {
  readonly model: MicroscopeModel;
  /** @throws SequenceError for a residue that the language model does not know. */
  read(sequence: string): Promise<ReadProtein>;
  /** `distance`: signed nuclear distance of a crop in pixels [cropPixels, cropPixels]. */
  draw(protein: ReadProtein, distance: Float32Array, options?: DrawOptions): Promise<Drawing>;
  close(): Promise<void>;
}

export const drawDefaults: Required<Omit<DrawOptions, "signal" | "onStep">> = {
  samples: 4,
  steps: 50,
  sampler: "ddim",
  guidance: 3,
  seed: 0,
};

/** Puts a model to work on a runtime, which stays the caller's to close. */
export function openMicroscope(runtime: Runtime, model: MicroscopeModel): Microscope {
  const { constants, unet, autoencoder } = model;
  const { cropPixels } = constants;
  const schedule = linearNoiseSchedule(model.schedule);
  const programs = {
    reader: once(() => compileReader(runtime, model)),
    denoiser: once(() => compileDenoiser(runtime, unet.config, { weights: unet.weights })),
    decoder: once(() => compileDecoder(runtime, model)),
    classifier: once(() => compileClassifier(runtime, model)),
  };

  const draw: Microscope["draw"] = async (protein, distance, options = {}) => {
    const { samples, steps, sampler, guidance, seed, signal, onStep }: typeof drawDefaults & DrawOptions = {
      ...drawDefaults,
      ...options,
    };
    const size = { height: cropPixels, width: cropPixels };
    const side = unet.config.sampleSize;
    const condition = latentDistance(distance, size).map((value) => value / constants.distanceScale);
    const shape = [samples, unet.config.outChannels, side, side];
    const noise = (sample: number, step: number | "start", count: number) =>
      createGenerator(seed, "draw", sample, step).normal(count);
    const first = Array.from({ length: samples }, (_, i) =>
      noise(i, "start", product(shape.slice(1)) as number),
    );
    const latents = await sampleLatents(await programs.denoiser(), stack(shape, first), {
      sampler: createSampler(sampler, schedule, steps),
      sequence: float32(
        [1, protein.representation.length / protein.width, protein.width],
        protein.representation,
      ),
      distance: float32([1, 1, side, side], condition),
      guidance,
      freshNoise: noise,
      ...(signal === undefined ? {} : { signal }),
      ...(onStep === undefined ? {} : { onStep: ({ done, total }) => onStep(done, total) }),
    });
    signal?.throwIfAborted();
    const scaled = (latents.data as Float32Array).map((value) => value * constants.latentScale);
    const decoder = await programs.decoder();
    const decoded = await decoder.run({ latent: float32(shape, scaled) });
    const images = (decoded.image.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
    const seen = await classify(await programs.classifier(), images, distance);
    const area = cropPixels * cropPixels;
    const proteins = Array.from({ length: samples }, (_, i) =>
      images.subarray(2 * i * area, (2 * i + 1) * area),
    );
    const { reliability, medoid } = sampleAgreement(proteins, cellFootprint(distance));
    return { images, ...size, seen, compartments: meanOf(seen), agreement: reliability, medoid };
  };

  /** Probabilities of the compartments that images [samples, 2, H, W] show. */
  const classify = async (
    classifier: Program<"image", "probabilities">,
    images: Float32Array,
    distance: Float32Array,
  ): Promise<CompartmentProbabilities[]> => {
    const area = cropPixels * cropPixels;
    const samples = images.length / (2 * area);
    const scaled = distance.map((value) => value / constants.distanceScale);
    const input = new Float32Array(samples * 3 * area);
    for (let i = 0; i < samples; i++) {
      input.set(images.subarray(2 * i * area, 2 * (i + 1) * area), 3 * i * area);
      input.set(scaled, (3 * i + 2) * area);
    }
    const { probabilities } = await classifier.run({
      image: float32([samples, 3, cropPixels, cropPixels], input),
    });
    const { labels } = model.classifier.config;
    const rows = probabilities.data as Float32Array;
    return Array.from({ length: samples }, (_, i) => byName(labels, rows.subarray(i * labels.length)));
  };

  return {
    model,
    draw,
    read: async (sequence) => {
      const window = windowSequence(sequence, constants.windowResidues);
      const { inputIds } = tokenizeBatch([window.sequence]);
      const reader = await programs.reader();
      const { representation, probabilities } = await reader.run({ inputIds });
      return {
        sequence,
        window,
        representation: representation.data as Float32Array,
        width: representation.shape[2]!,
        compartments: byName(model.localization.config.labels, probabilities.data as Float32Array),
      };
    },
    close: async () => {
      for (const program of Object.values(programs)) await (await program.started())?.close();
    },
  };
}

/** Runs `start` when first called; `started` tells of its result without starting it. */
function once<T>(start: () => Promise<T>): (() => Promise<T>) & { started(): Promise<T | undefined> } {
  let result: Promise<T> | undefined;
  return Object.assign(() => (result ??= start()), { started: async () => result });
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

function stack(shape: readonly number[], parts: readonly Float32Array[]): NdArray {
  const data = new Float32Array(product(shape) as number);
  parts.forEach((part, index) => void data.set(part, index * part.length));
  return float32(shape, data);
}

/** input_ids [1, tokens] -> representation [1, tokens, width] and probabilities [1, compartments]. */
function compileReader(runtime: Runtime, { languageModel, localization }: MicroscopeModel) {
  const weights = new Map([...languageModel.weights, ...localization.weights]);
  return compile(
    runtime,
    (w, { inputIds }) => {
      const representation = esm2(w, languageModel.config, { inputIds }).representations.at(-1)!;
      const head = w.at("localization");
      const logits = localizationHead(head, localization.config, { inputIds, representation });
      return { representation, probabilities: sigmoid(logits) };
    },
    { inputIds: i64(1, "tokens") },
    { weights },
  );
}

/** latent [B, 4, h, w] -> image [B, 2, H, W] */
function compileDecoder(runtime: Runtime, { autoencoder, unet }: MicroscopeModel) {
  const { sampleSize } = unet.config;
  const { config, weights } = autoencoder;
  const types = { latent: f32("batch", config.latentChannels, sampleSize, sampleSize) };
  return compile(runtime, (w, { latent }) => ({ image: decode(w, config, latent) }), types, { weights });
}

/** image [B, 3, H, W] = protein, nucleus, distance -> probabilities [B, compartments] */
function compileClassifier(runtime: Runtime, { classifier, constants }: MicroscopeModel) {
  const { config, weights } = classifier;
  const types = { image: f32("batch", 3, constants.cropPixels, constants.cropPixels) };
  const model = (w: Weights, { image }: { image: Tensor }) => ({
    probabilities: softmax(compartmentClassifier(w, config, image)),
  });
  return compile(runtime, model, types, { weights });
}

function byName(labels: readonly string[], values: Float32Array): CompartmentProbabilities {
  return Object.fromEntries(labels.map((label, index) => [label, values[index]!]));
}

function meanOf(rows: readonly CompartmentProbabilities[]): CompartmentProbabilities {
  const labels = Object.keys(rows[0] ?? {});
  const mean = (label: string) => rows.reduce((sum, row) => sum + row[label]!, 0) / rows.length;
  return Object.fromEntries(labels.map((label) => [label, mean(label)]));
}
