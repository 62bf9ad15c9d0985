// Trains the image-side compartment classifier, which reads the compartment off real and generated images alike.
// A blend of two cells teaches its two compartments by their shares; crops of no compartment of the list are left out.

import {
  compile,
  createTrainer,
  f32,
  logSoftmax,
  mean,
  mul,
  type NdArray,
  neg,
  type RandomSource,
  type Runtime,
  softmax,
  sum,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { type CompartmentClassifierConfig, compartmentClassifier, subfolder } from "@proteoscope/models";
import { z } from "zod";
import { imageCompartments, imageTargets } from "../../data/atlas/compartments.ts";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { measureImages } from "../../data/atlas/image-statistics.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { chooseCrops, createImageBatches, stackChannels } from "../../data/batches/image-batches.ts";
import { openTrainingImages, simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { readTensors, startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type Scores, type TrainingJob } from "../../training/loop.ts";
import { headFiles } from "../../training/model-files.ts";

export const classifierSchema = z.strictObject({
  model: z.strictObject({
    /** Of each stage; every stage halves the sides. */
    channels: z.array(z.int().positive()).min(1),
    normGroups: z.int().positive(),
    dropout: z.number().min(0).max(0.9),
  }),
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type ClassifierConfig = z.infer<typeof classifierSchema>;

const imageChannels = [0, 1, 2]; // protein, nucleus, distance

/** Prepares the training of the classifier on an atlas folder. */
export async function createClassifierJob(
  runtime: Runtime,
  config: ClassifierConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, train } = config;
  const { pixels, ...all } = await openTrainingImages(folder, data);
  const isLabelled = ({ labels }: Crop) => imageTargets(labels) !== undefined;
  const training = all.training.filter(isLabelled);
  const validation = chooseCrops(all.validation.filter(isLabelled), data.validationCount, train.seed);
  const { distanceScale } = await measureImages(all.training, pixels);
  const network: CompartmentClassifierConfig = { classes: imageCompartments.length, ...config.model };
  const side = pixels.height;

  const inputTypes = {
    image: f32(data.batchSize, imageChannels.length, side, side),
    shares: f32(data.batchSize, imageCompartments.length),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, { image, shares }: Inputs, random: RandomSource) => {
    const logits = compartmentClassifier(w, network, image, random);
    return { losses: { classifier: neg(mean(sum(mul(logSoftmax(logits), shares), { axes: [-1] }))) } };
  };
  const declared = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { classifier: { prefix: "", ...adamWOf(train) } },
    weights: await startingWeights(declared.parameters, train, (folder) =>
      readTensors(subfolder(folder, "classifier")),
    ),
    seed: train.seed,
  });
  const draw = createImageBatches(training, pixels, { ...data, seed: train.seed, totalSteps: train.steps });
  const averaged = () => trainer.weights({ average: true });
  return {
    trainer,
    config: train,
    batches: async (step) => {
      const shown = await draw(step);
      const images = shown.map(({ image }) => image);
      return [
        {
          image: stackImages(images, side, distanceScale),
          shares: stackShares(shown.map(({ crop }) => crop)),
        },
      ];
    },
    best: { score: "macroRecall", mode: "max" },
    validate: async () => validate(runtime, await averaged(), network, { pixels, validation, distanceScale }),
    files: async () =>
      headFiles("classifier", { ...network, labels: imageCompartments, distanceScale }, await averaged()),
  };
}

/** Images [B, 3, N, N] with the distance in its standard deviations. */
function stackImages(images: readonly Float32Array[], side: number, distanceScale: number): NdArray {
  const stacked = stackChannels(images, side, imageChannels);
  const values = stacked.data as Float32Array;
  const plane = side * side;
  for (let start = 2 * plane; start < values.length; start += 3 * plane) {
    for (let i = start; i < start + plane; i++) values[i]! /= distanceScale;
  }
  return stacked;
}

function stackShares(crops: readonly Crop[]): NdArray {
  const width = imageCompartments.length;
  const data = new Float32Array(crops.length * width);
  for (const [index, { labels }] of crops.entries()) data.set(imageTargets(labels)!, index * width);
  return { dtype: "float32", shape: [crops.length, width], data };
}

interface ValidationData {
  readonly pixels: CropPixels;
  readonly validation: readonly Crop[];
  readonly distanceScale: number;
}

/** Accuracy over images, and the recall of each compartment averaged over those that occur. */
async function validate(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: CompartmentClassifierConfig,
  { pixels, validation, distanceScale }: ValidationData,
): Promise<Scores> {
  const side = pixels.height;
  const program = await compile(
    runtime,
    (w, { image }) => ({ probabilities: softmax(compartmentClassifier(w, network, image)) }),
    { image: f32(1, imageChannels.length, side, side) },
    { weights },
  );
  try {
    const counts = new Map<number, { right: number; all: number }>();
    for (const crop of validation) {
      const { data } = await pixels.read(crop.index);
      const { probabilities } = await program.run({ image: stackImages([data], side, distanceScale) });
      const wanted = largest(imageTargets(crop.labels)!);
      const count = counts.get(wanted) ?? { right: 0, all: 0 };
      count.all++;
      if (largest(probabilities.data as Float32Array) === wanted) count.right++;
      counts.set(wanted, count);
    }
    const recalls = [...counts].map(
      ([label, { right, all }]) => [imageCompartments[label]!, right / all] as const,
    );
    const right = [...counts.values()].reduce((total, count) => total + count.right, 0);
    return {
      accuracy: right / validation.length,
      macroRecall: recalls.reduce((total, [, recall]) => total + recall, 0) / recalls.length,
      ...Object.fromEntries(recalls.map(([name, recall]) => [`recall.${name}`, recall])),
    };
  } finally {
    await program.close();
  }
}

function largest(values: Float32Array): number {
  return values.indexOf(values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
}
