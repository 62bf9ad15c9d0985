// Trains cytoself, which names the protein of an image and whose codes are the space in which images of proteins are
// compared. It learns all proteins, with images held out. Crops of unknown protein train everything but the classifiers.
// Classes, channels and what was measured on the training images are stored with the model.

import { f32, float32, i32, type Tensor } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { type CytoselfLosses, cytoselfLoss, loadAs, subfolder } from "@proteoscope/models";
import { checkCropIndices, openCropPixels } from "../../data/atlas/crop-pixels.ts";
import { measureImages } from "../../data/atlas/image-statistics.ts";
import { proteinWeights, splitByProtein } from "../../data/atlas/protein-classes.ts";
import { readCrops } from "../../data/atlas/tables.ts";
import { cropWeights } from "../../data/batches/crop-sampler.ts";
import { stackCytoselfImages } from "../../data/batches/cytoself-images.ts";
import { chooseCrops, createImageBatches } from "../../data/batches/image-batches.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { jsonText, type ModelFiles, networkFiles } from "../../training/model-files.ts";
import { type CytoselfTrainingConfig, cytoselfSchema, networkOf } from "./config.ts";
import { type CytoselfData, drawReconstructions, validateCytoself } from "./validate.ts";

export const cytoself = defineTrainer("cytoself", cytoselfSchema, prepare);

const pictureRows = 8;

async function prepare(preparation: Preparation<CytoselfTrainingConfig>): Promise<TrainingJob> {
  const { runtime, config } = preparation;
  const { data, train } = config;
  const { genes, classOf, pixels, training, validation } = await readData(preparation);
  const { distanceScale, imageVariance } = await measureImages(training, pixels, preparation.onRead);
  const side = pixels.height;
  const network = networkOf(config, side, genes.length);
  const loss = { imageVariance, ...config.loss };
  const view = { channels: config.model.channels, imageVariance, distanceScale };
  const stackImages = (images: readonly Float32Array[]) => stackCytoselfImages(images, side, view);
  const validated: CytoselfData = { network, loss, pixels, stackImages, classOf };
  const batchOf = createImageBatches(training, pixels, {
    ...data,
    seed: train.seed,
    totalSteps: train.steps,
    weights: proteinWeights(training, cropWeights(training, data), data.proteinShare),
  });
  return createTrainingJob(preparation, {
    inputs: {
      images: f32(data.batchSize, ...network.inputShape),
      labels: i32(data.batchSize),
      labelWeights: f32(data.batchSize),
    },
    model(w, batch, random) {
      const losses = cytoselfLoss(w, network, loss, batch, { training: true, random });
      return { losses: { cytoself: losses.loss }, metrics: metricsOf(losses) };
    },
    groups: { cytoself: {} },
    earlierWeights: async (earlier) => (await loadAs("cytoself", subfolder(earlier, "cytoself"))).weights,
    async batch(index) {
      const shown = await batchOf(index);
      const labels = shown.map(({ crop }) => classOf(crop) ?? -1);
      return {
        images: stackImages(shown.map(({ image }) => image)),
        labels: { dtype: "int32", shape: [labels.length], data: Int32Array.from(labels) },
        labelWeights: float32(
          [labels.length],
          Float32Array.from(labels, (label) => (label < 0 ? 0 : 1)),
        ),
      };
    },
    validate: (weights) => validateCytoself(runtime, weights, validated, validation),
    best: { score: "loss", mode: "min" },
    samples: (weights) =>
      drawReconstructions(runtime, weights, validated, chooseCrops(validation, pictureRows, train.seed)),
    files: async (weights) =>
      withConstants(networkFiles("cytoself", { architecture: "cytoself", config: network, weights }), {
        ...view,
        labels: genes,
      }),
  });
}

/** The crops of an atlas, with proteins as their classes. @throws FormatError where no crop has one */
async function readData({ atlas, config: { data, train } }: Preparation<CytoselfTrainingConfig>) {
  const pixels = await openCropPixels(atlas);
  const { crops } = await readCrops(atlas);
  checkCropIndices(crops, pixels);
  const { genes, training, validation } = splitByProtein(crops, { ...data, seed: train.seed });
  if (genes.length === 0)
    throw new FormatError("atlas", "crops.csv: no crop has a gene, so there are no classes to learn");
  const classes = new Map(genes.map((gene, index) => [gene, index]));
  const others = validation.filter(({ gene }) => gene === undefined);
  return {
    genes,
    classOf: ({ gene }: { readonly gene: string | undefined }) =>
      gene === undefined ? undefined : classes.get(gene),
    pixels,
    training,
    validation: [
      ...chooseCrops(others, data.validationCount, train.seed),
      ...validation.filter(({ gene }) => gene !== undefined),
    ],
  };
}

/** Errors of the images and of the inner codes, of the classifiers, and how many codes are used evenly, by level. */
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

/** The files with what the weights were trained with, which the constructor's arguments do not say. */
function withConstants(files: ModelFiles, constants: object): ModelFiles {
  const path = "cytoself/config.json";
  const config = JSON.parse(new TextDecoder().decode(files.get(path) as Uint8Array));
  return new Map([...files, [path, jsonText({ ...config, proteoscope: constants })]]);
}
