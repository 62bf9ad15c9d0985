// Trains the compartment classifier of images, which reads the compartment of real and generated images alike. A composite
// of two cells is an example of both its compartments, by their shares; crops of no compartment are left out.

import { f32, logSoftmax, mean, mul, neg, sum } from "@proteoscope/engine";
import { type CompartmentClassifierConfig, compartmentClassifier, subfolder } from "@proteoscope/models";
import { imageCompartments, imageTargets } from "../../data/atlas/compartments.ts";
import { measureImages } from "../../data/atlas/image-statistics.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { chooseCrops, createImageBatches } from "../../data/batches/image-batches.ts";
import { openTrainingImages } from "../../data/batches/training-images.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { readTensors } from "../../training/initial-weights.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { headFiles } from "../../training/model-files.ts";
import { type ReportItem, validateBoth } from "../../training/validation-sets.ts";
import { type ClassifierConfig, classifierSchema } from "./config.ts";
import { imageChannels, stackImages, stackShares } from "./images.ts";
import { validateClassifier } from "./validate.ts";

export const classifier = defineTrainer("classifier", classifierSchema, prepare);

async function prepare(preparation: Preparation<ClassifierConfig>): Promise<TrainingJob> {
  const { runtime, atlas } = preparation;
  const { model, data, train } = preparation.config;
  const { pixels, ...all } = await openTrainingImages(atlas, data);
  const isLabelled = ({ labels }: Crop) => imageTargets(labels) !== undefined;
  const training = all.training.filter(isLabelled);
  const [validation, unseen] = [all.validation, all.unseen].map((crops) =>
    chooseCrops(crops.filter(isLabelled), data.validationCount, train.seed),
  ) as [Crop[], Crop[]];
  const { distanceScale } = await measureImages(all.training, pixels, preparation.onRead);
  const network: CompartmentClassifierConfig = { classes: imageCompartments.length, ...model };
  const side = pixels.height;
  const batchOf = createImageBatches(training, pixels, {
    ...data,
    seed: train.seed,
    totalSteps: train.steps,
  });
  return createTrainingJob(preparation, {
    inputs: {
      image: f32(data.batchSize, imageChannels.length, side, side),
      shares: f32(data.batchSize, imageCompartments.length),
    },
    model(w, { image, shares }, random) {
      const logits = compartmentClassifier(w, network, image, random);
      return { losses: { classifier: neg(mean(sum(mul(logSoftmax(logits), shares), { axes: [-1] }))) } };
    },
    groups: { classifier: {} },
    earlierWeights: (folder) => readTensors(subfolder(folder, "classifier")),
    async batch(index) {
      const shown = await batchOf(index);
      const images = shown.map(({ image }) => image);
      const crops = shown.map(({ crop }) => crop);
      return { image: stackImages(images, side, distanceScale), shares: stackShares(crops) };
    },
    validate(weights, log) {
      const score = (crops: readonly Crop[], report: ReportItem) =>
        validateClassifier(runtime, weights, network, { pixels, crops, distanceScale }, report);
      return validateBoth(score, validation, "unseen", unseen, log);
    },
    best: { score: "macroRecall", mode: "max" },
    files: async (weights) =>
      headFiles("classifier", { ...network, labels: imageCompartments, distanceScale }, weights),
  });
}
