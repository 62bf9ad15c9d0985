// Trains the autoencoder: images of protein and nucleus to latents and back, by absolute and squared error, perceptual
// distance and an adversary that begins when the reconstructions are fair. What has weight 0 is not computed. The
// perceptual network is the user's file: its weights are others' work and are not shipped.

import { readFile } from "node:fs/promises";
import { f32, type NdArray, type Tensor, type Tensors } from "@proteoscope/engine";
import { readSafetensors } from "@proteoscope/formats";
import { autoencoderLosses, loadAs, reconstructionLosses, subfolder } from "@proteoscope/models";
import { ConfigError } from "../../config/compose.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { chooseCrops, createImageBatches, stackChannels } from "../../data/batches/image-batches.ts";
import { openTrainingImages } from "../../data/batches/training-images.ts";
import {
  createTrainingJob,
  defineTrainer,
  type Preparation,
  type TrainedGroup,
} from "../../training/define-trainer.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { networkFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import { type ReportItem, validateBoth } from "../../training/validation-sets.ts";
import {
  type AutoencoderConfig,
  autoencodedChannels,
  autoencoderConfigOf,
  autoencoderSchema,
  isOfDecoder,
  lossConfigOf,
} from "./config.ts";
import { drawReconstructions, validateAutoencoder } from "./validate.ts";

export const autoencoder = defineTrainer("autoencoder", autoencoderSchema, prepare);

const scope = "vae.";

interface Losses {
  readonly losses: Readonly<Record<string, Tensor>>;
  readonly metrics: Tensors;
}

async function prepare(preparation: Preparation<AutoencoderConfig>): Promise<TrainingJob> {
  const { runtime, atlas, config } = preparation;
  const { data, loss, train, trained } = config;
  if (trained === "decoder" && train.startFrom === undefined)
    throw new ConfigError("trained: decoder needs an encoder: give train.start_from");
  const perceptual = await readPerceptualWeights(config);
  const { pixels, training, validation, unseen } = await openTrainingImages(atlas, data);
  const side = pixels.height;
  const networks = { autoencoder: autoencoderConfigOf(config), loss: lossConfigOf(config) };
  const crops = chooseCrops(validation, data.validationCount, train.seed);
  const others = chooseCrops(unseen, data.validationCount, train.seed);
  const latentSide = Math.floor(Math.floor(side / 2) / 2);
  const latentShape = [data.batchSize, config.model.latentChannels, latentSide, latentSide];
  const isAdversarial = loss.discriminatorWeight > 0;
  const batchOf = createImageBatches(training, pixels, {
    ...data,
    seed: train.seed,
    totalSteps: train.steps,
  });
  const networkOf = (weights: ReadonlyMap<string, NdArray>) => ({
    config: networks.autoencoder,
    weights: withoutPrefix(weights, scope),
  });
  return createTrainingJob(preparation, {
    inputs: {
      images: f32(data.batchSize, autoencodedChannels.length, side, side),
      adversarialFactor: f32(),
    },
    model(w, inputs, random): Losses {
      const all = { ...inputs, noise: random.normal("noise", latentShape) };
      return isAdversarial ? autoencoderLosses(w, networks, all) : reconstructionLosses(w, networks, all);
    },
    groups: {
      autoencoder: { prefix: scope, isTrained: trained === "decoder" ? isOfDecoder : undefined },
      ...(isAdversarial && { discriminator: { prefix: "loss.discriminator.", isAveraged: false } }),
    } as Readonly<Record<string, TrainedGroup>>,
    frozen: perceptual,
    earlierWeights: async (folder) =>
      withPrefix((await loadAs("autoencoder", subfolder(folder, "vae"))).weights, scope),
    async batch(index) {
      const images = (await batchOf(index)).map(({ image }) => image);
      const factor = index >= loss.adversarialStart ? 1 : 0;
      return {
        images: stackChannels(images, side, autoencodedChannels),
        adversarialFactor: { dtype: "float32", shape: [], data: Float32Array.of(factor) },
      };
    },
    validate(weights, log) {
      const score = (shown: readonly Crop[], report: ReportItem) =>
        validateAutoencoder(runtime, networkOf(weights), pixels, shown, report);
      return validateBoth(score, crops, "unseen", others, log);
    },
    samples: (weights) => drawReconstructions(runtime, networkOf(weights), pixels, crops),
    files: async (weights) => networkFiles("vae", { architecture: "autoencoder", ...networkOf(weights) }),
  });
}

async function readPerceptualWeights({ loss }: AutoencoderConfig): Promise<Map<string, NdArray>> {
  if (loss.perceptualWeight === 0) return new Map();
  if (loss.perceptualFile === undefined) {
    throw new ConfigError(
      "loss.perceptual_file is missing: name a safetensors file of LPIPS (SqueezeNet), or set loss.perceptual_weight=0",
    );
  }
  const { tensors } = readSafetensors(await readFile(loss.perceptualFile));
  return withPrefix(tensors, "loss.perceptual_loss.");
}
