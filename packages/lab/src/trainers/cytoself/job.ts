// Trains cytoself, which reads the protein off an image and is the space in which images of proteins are compared: on
// all proteins, with images held out. Crops of unknown protein teach all but the name. Classes, channels and what was
// measured on the training images are stored with the model.

import {
  createTrainer,
  f32,
  float32,
  i32,
  type RandomSource,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import {
  CheckpointError,
  type CytoselfConfig,
  type CytoselfLosses,
  cytoselfDefaults,
  cytoselfFormat,
  cytoselfLoss,
  formatConfig,
  loadAs,
  parseConfig,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import { ConfigError } from "../../config/compose.ts";
import { cropChannels, openCropPixels } from "../../data/atlas/crop-pixels.ts";
import { measureImages } from "../../data/atlas/image-statistics.ts";
import { proteinWeights, splitByProtein } from "../../data/atlas/protein-classes.ts";
import { readCrops } from "../../data/atlas/tables.ts";
import { chooseCrops, createImageBatches, imageDataSchema } from "../../data/batches/image-batches.ts";
import { cropWeights } from "../../data/batches/pairs.ts";
import { stackCytoselfImages } from "../../training/frozen/cytoself-images.ts";
import { startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type TrainingJob } from "../../training/loop.ts";
import { jsonText, type ModelFiles, networkFiles } from "../../training/model-files.ts";
import { type CytoselfJudge, drawReconstructions, validateCytoself } from "./validate.ts";

const stageSchema = z.strictObject({
  expandRatio: z.int().positive(),
  kernel: z.int().positive(),
  stride: z.int().positive(),
  inputChannels: z.int().positive(),
  outChannels: z.int().positive(),
  numLayers: z.int().positive(),
});

const encoderSchema = z.strictObject({
  stochasticDepthProb: z.number().min(0).max(0.9).default(0.2),
  blocksArgs: z.array(stageSchema).min(1),
});

export const cytoselfSchema = z.strictObject({
  /** By the names of the original's constructor. */
  model: z.strictObject({
    /** What the network sees and draws again. */
    channels: z.array(z.enum(cropChannels)).min(1).default(["protein", "nucleus"]),
    /** The published encoders when absent. */
    encoderArgs: z.array(encoderSchema).min(1).optional(),
    vqArgs: z.strictObject({
      numEmbeddings: z.int().positive(),
      embeddingDim: z.int().positive(),
      channelSplit: z.int().positive().default(1),
      commitmentCost: z.number().nonnegative().default(0.25),
      softmaxlossCost: z.number().nonnegative().default(0),
    }),
    /** Levels with a classifier, counted from 1; the last is the one that is judged. */
    fcOutputIdx: z.array(z.int().positive()).min(1),
    fcArgs: z.strictObject({
      numLayers: z.int().positive(),
      numFeatures: z.int().positive(),
      dropoutRate: z.number().min(0).max(0.9).default(0.5),
    }),
  }),
  loss: z.strictObject({ vqCoeff: z.number().nonnegative(), fcCoeff: z.number().nonnegative() }),
  data: imageDataSchema.extend({
    /** Share of the crops shown, blends apart, whose protein is known. */
    proteinShare: z.number().min(0).max(1),
    /** Share of each protein's images that is held out. */
    validationShare: z.number().positive().max(0.5),
  }),
  train: loopSchema,
});
export type CytoselfTrainingConfig = z.infer<typeof cytoselfSchema>;

/** Prepares the training of cytoself on an atlas folder. */
export async function createCytoselfJob(
  runtime: Runtime,
  config: CytoselfTrainingConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, train } = config;
  const pixels = await openCropPixels(folder);
  const { crops } = await readCrops(folder);
  const { genes, training, validation } = splitByProtein(crops, { ...data, seed: train.seed });
  if (genes.length === 0)
    throw new FormatError("atlas", "crops.csv: no crop has a gene, so there are no classes to learn");
  const { distanceScale, imageVariance } = await measureImages(training, pixels);
  const side = pixels.height;
  const network = networkOf(config, side, genes.length);
  const loss = { imageVariance, ...config.loss };
  const view = { channels: config.model.channels, imageVariance, distanceScale };
  const stackImages = (images: readonly Float32Array[]) => stackCytoselfImages(images, side, view);
  const classes = new Map(genes.map((gene, index) => [gene, index]));

  const inputTypes = {
    images: f32(data.batchSize, ...network.inputShape),
    labels: i32(data.batchSize),
    labelWeights: f32(data.batchSize),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, batch: Inputs, random: RandomSource) => {
    const losses = cytoselfLoss(w, network, loss, batch, { training: true, random });
    return { losses: { cytoself: losses.loss }, metrics: metricsOf(losses) };
  };
  const declared = trace((w, batch: Inputs, random) => model(w, batch, random).losses, inputTypes);
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { cytoself: { prefix: "", ...adamWOf(train) } },
    weights: await startingWeights(
      declared.parameters,
      train,
      async (earlier) => (await loadAs("cytoself", subfolder(earlier, "cytoself"))).weights,
    ),
    seed: train.seed,
  });
  const draw = createImageBatches(training, pixels, {
    ...data,
    seed: train.seed,
    totalSteps: train.steps,
    weights: proteinWeights(training, cropWeights(training, data), data.proteinShare),
  });
  const averaged = () => trainer.weights({ average: true });
  const judge = async (): Promise<CytoselfJudge> => ({
    ...{ network, loss, pixels, stackImages, weights: await averaged() },
    classOf: ({ gene }) => (gene === undefined ? undefined : classes.get(gene)),
  });
  const known = validation.filter(({ gene }) => gene !== undefined);
  const others = validation.filter(({ gene }) => gene === undefined);
  const judged = [...chooseCrops(others, data.validationCount, train.seed), ...known];
  return {
    trainer,
    config: train,
    batches: async (step) => {
      const shown = await draw(step);
      const labels = shown.map(({ crop }) => (crop.gene === undefined ? -1 : classes.get(crop.gene)!));
      return [
        {
          images: stackImages(shown.map(({ image }) => image)),
          labels: { dtype: "int32", shape: [labels.length], data: Int32Array.from(labels) },
          labelWeights: float32(
            [labels.length],
            Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
          ),
        },
      ];
    },
    best: { score: "loss", mode: "min" },
    validate: async () => validateCytoself(runtime, await judge(), judged),
    samples: async () => drawReconstructions(runtime, await judge(), chooseCrops(judged, 8, train.seed)),
    files: async () =>
      withConstants(
        networkFiles("cytoself", { architecture: "cytoself", config: network, weights: await averaged() }),
        { ...view, labels: genes },
      ),
  };
}

/** Held to the rules of stored networks, so that what is trained can be loaded. @throws ConfigError */
function networkOf({ model }: CytoselfTrainingConfig, side: number, numClass: number): CytoselfConfig {
  const { channels, encoderArgs = cytoselfDefaults.encoderArgs, ...rest } = model;
  const inputShape = [channels.length, side, side] as const;
  const json = formatConfig(cytoselfFormat, { inputShape, encoderArgs, ...rest, numClass });
  try {
    return parseConfig(cytoselfFormat, json, "model");
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new ConfigError(cause.message, { cause });
  }
}

/** Errors of the images and of the inner codes, of the classifiers, and how many codes are in even use. */
function metricsOf({ reconstruction, classification, outputs }: CytoselfLosses): Record<string, Tensor> {
  const number = (name: string, values: readonly Tensor[]) =>
    values.map((value, index) => [`${name}${index + 1}`, value] as const);
  const perplexities = outputs.levels.map(({ perplexity }) => perplexity);
  return Object.fromEntries([
    ...number("reconstruction", reconstruction),
    ...number("classification", classification),
    ...number("perplexity", perplexities),
  ]);
}

/** What the weights were trained with, beside the constructor's arguments. */
function withConstants(files: ModelFiles, constants: object): ModelFiles {
  const path = "cytoself/config.json";
  const config = JSON.parse(new TextDecoder().decode(files.get(path) as Uint8Array));
  return new Map([...files, [path, jsonText({ ...config, proteoscope: constants })]]);
}
