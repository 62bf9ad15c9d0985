// Trains the denoiser (Rombach et al. 2022, arXiv:2112.10752) in the latent space of a finished autoencoder, conditioned on
// what a finished language model makes of the sequence and on the nuclear distance. What is measured on the training data
// is stored with the model, and so are both finished networks: what a run leaves generates images.

import type { NdArray } from "@proteoscope/engine";
import type { FileSource } from "@proteoscope/models";
import {
  linearNoiseSchedule,
  loadAs,
  noiseScheduleDefaults,
  subfolder,
  widenDenoiserInput,
} from "@proteoscope/models";
import { transformSquare } from "../../data/batches/augment.ts";
import { chooseCrops, createImageBatches } from "../../data/batches/image-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { unseenPairs, validationPair } from "../../data/batches/paired-crops.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { readTensors } from "../../training/initial-weights.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { withPrefix } from "../../training/model-files.ts";
import { type ReportItem, validateBoth } from "../../training/validation-sets.ts";
import { type ConditionBatchOptions, type ConditionSources, conditionBatch } from "./batch.ts";
import { checkOptions, type DiffusionConfig, diffusionSchema } from "./config.ts";
import { extraScope } from "./context.ts";
import { type DenoiserData, openDenoiserData } from "./data.ts";
import { denoiserFiles } from "./files.ts";
import { denoiserInputs, denoiserLoss, isCrossAttention, unetConfigOf } from "./network.ts";
import { drawSamples } from "./samples.ts";
import { validateDenoiser } from "./validate.ts";

export const diffusion = defineTrainer("diffusion", diffusionSchema, prepare);

async function prepare(preparation: Preparation<DiffusionConfig>): Promise<TrainingJob> {
  const { runtime, config } = preparation;
  const { data: imageData, train } = config;
  checkOptions(config);
  const data = await openDenoiserData(preparation);
  const { images, embedder, pairing, coder, extra } = data;
  const { latentChannels } = data.autoencoder.config;
  const { latentSide } = coder;
  const unet = unetConfigOf(config, { width: embedder.width, latentChannels, latentSide });
  const noiseSchedule = { ...noiseScheduleDefaults, predictionType: config.prediction };
  const network = { unet, schedule: linearNoiseSchedule(noiseSchedule), extra };
  const options = optionsOf(config, data);
  const sources = {
    embed: embedder.embed,
    prototypes: embedder.prototypes,
    encode: coder.encode,
    encodeContext: extra?.encode,
    encodeStains: stainEncoder(config, data),
  };
  const batchOf = createImageBatches(data.crops, images.pixels, {
    ...imageData,
    seed: train.seed,
    totalSteps: train.steps,
    turnsSimulated: false, // every orientation is an image to encode, and of simulated cells there are enough
  });
  const paired = images.validation.filter(pairing.isPaired);
  const validation = {
    pairs: chooseCrops(paired, imageData.validationCount, train.seed).map(
      (crop) => validationPair(pairing, crop, train.seed)!,
    ),
    pixels: images.pixels,
    sources,
    coder,
    options,
  };
  const unseen = unseenPairs(images, { count: imageData.validationCount, seed: train.seed });
  const noiseShape = [imageData.batchSize, latentChannels, latentSide, latentSide];
  return createTrainingJob(preparation, {
    inputs: denoiserInputs(network, imageData.batchSize),
    model: (w, inputs, random) => ({
      losses: {
        diffusion: denoiserLoss(w, network, { ...inputs, noise: random.normal("noise", noiseShape) }),
      },
    }),
    groups: { diffusion: { isTrained: trainedParts[config.trained] } },
    earlierWeights: async (folder) => widenDenoiserInput(await readDenoiser(folder), unet.inChannels),
    batch: async (index) => conditionBatch(index, await batchOf(index), pairing, sources, options),
    validate(weights, log) {
      const score = (pairs: readonly Pair[], report: ReportItem) =>
        validateDenoiser(runtime, weights, network, { ...validation, pairs }, report);
      return validateBoth(score, validation.pairs, "unseen", unseen, log);
    },
    samples: (weights) => drawSamples(runtime, weights, network, validation),
    files: (weights) => denoiserFiles(weights, { config, data, unet, noiseSchedule }),
    async close() {
      await embedder.close();
      await coder.close();
    },
  });
}

function optionsOf(config: DiffusionConfig, data: DenoiserData): ConditionBatchOptions {
  return {
    ...config,
    side: data.images.pixels.height,
    latentSide: data.coder.latentSide,
    latentChannels: data.autoencoder.config.latentChannels,
    embeddingWidth: data.embedder.width,
    latentScale: data.latentScale,
    distanceScale: data.statistics.distanceScale,
    seed: config.train.seed,
    timesteps: noiseScheduleDefaults.numTrainTimesteps,
  };
}

/**
 * The latents of a crop's stains, each encoded like a protein beside the nucleus. A nucleus that was made from the protein
 * is no DNA stain: it would give away what is to be generated.
 */
function stainEncoder(
  { model }: DiffusionConfig,
  { stainPixels, coder, images }: DenoiserData,
): ConditionSources["encodeStains"] {
  if (model.stains.length === 0) return undefined;
  const side = images.pixels.height;
  const plane = side * side;
  return ({ crop, image, symmetry }) =>
    Promise.all(
      model.stains.map(async (stain) => {
        const nucleus = image.subarray(plane, 2 * plane);
        const taken = stain === "nucleus" ? undefined : await stainPixels?.read(crop.index, stain);
        const turned = taken && transformSquare(taken, side, symmetry);
        const picture = stain === "nucleus" && crop.hasDnaStain ? nucleus : turned;
        if (picture === undefined) return undefined;
        const pair = new Float32Array(2 * plane);
        pair.set(picture);
        pair.set(nucleus, plane);
        return (await coder.encode(pair, `${crop.index} ${symmetry} ${stain}`)).mean;
      }),
    );
}

const trainedParts: Record<DiffusionConfig["trained"], ((name: string) => boolean) | undefined> = {
  all: undefined,
  only_cross_attention: isCrossAttention,
  all_but_cross_attention: (name) => !isCrossAttention(name),
};

/** The weights of an earlier run, under the trainer's names. */
async function readDenoiser(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const { weights } = await loadAs("unet", subfolder(folder, "unet"));
  const extra = (await folder.exists("extra/config.json"))
    ? await readTensors(subfolder(folder, "extra"))
    : [];
  return new Map([...weights, ...withPrefix(new Map(extra), extraScope)]);
}
