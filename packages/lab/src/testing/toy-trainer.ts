// The trainer of docs/how-to/add-a-trainer.md, as small as one gets: a linear layer that predicts how bright the nucleus
// channel of a crop is. What stands between the two marks is quoted there.

// begin
import {
  compile,
  f32,
  float32,
  linear,
  meanSquaredError,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { subfolder } from "@proteoscope/models";
import { z } from "zod";
import { chooseCrops, createImageBatches, imageDataSchema } from "../data/batches/image-batches.ts";
import { openTrainingImages } from "../data/batches/training-images.ts";
import { loopSchema } from "../training/config.ts";
import { createTrainingJob, defineTrainer } from "../training/define-trainer.ts";
import { readTensors } from "../training/initial-weights.ts";
import { headFiles } from "../training/model-files.ts";

export const brightnessSchema = z.strictObject({ data: imageDataSchema, train: loopSchema });

const predict = (w: Weights, pixels: Tensor) => linear(w.at("brightness"), pixels, 1); // [B, N * N] -> [B, 1]

export const brightness = defineTrainer("brightness", brightnessSchema, async (preparation) => {
  const { runtime, atlas, config } = preparation;
  const { data, train } = config;
  const { pixels, training, validation } = await openTrainingImages(atlas, data);
  const plane = pixels.height * pixels.width;
  const crops = chooseCrops(validation, data.validationCount, train.seed);
  const sample = createImageBatches(training, pixels, { ...data, seed: train.seed, totalSteps: train.steps });
  const batchOf = (images: readonly Float32Array[]) => {
    const nuclei = images.map((image) => image.subarray(plane, 2 * plane));
    const means = nuclei.map((nucleus) => nucleus.reduce((sum, value) => sum + value / plane, 0));
    return {
      pixels: float32([images.length, plane], Float32Array.from(nuclei.flatMap((nucleus) => [...nucleus]))),
      mean: float32([images.length, 1], Float32Array.from(means)),
    };
  };
  return createTrainingJob(preparation, {
    inputs: { pixels: f32(data.batchSize, plane), mean: f32(data.batchSize, 1) },
    model: (w, { pixels, mean }) => ({ losses: { brightness: meanSquaredError(predict(w, pixels), mean) } }),
    groups: { brightness: {} },
    earlierWeights: (folder) => readTensors(subfolder(folder, "brightness")),
    batch: async (index) => batchOf((await sample(index)).map(({ image }) => image)),
    async validate(weights) {
      const images = await Promise.all(crops.map(async ({ index }) => (await pixels.read(index)).data));
      const program = await compile(
        runtime,
        (w, { pixels, mean }) => ({ loss: meanSquaredError(predict(w, pixels), mean) }),
        { pixels: f32(crops.length, plane), mean: f32(crops.length, 1) },
        { weights },
      );
      const { loss } = await program.run(batchOf(images));
      await program.close();
      return { loss: (loss.data as Float32Array)[0]! };
    },
    best: { score: "loss", mode: "min" },
    files: async (weights) => headFiles("brightness", { side: pixels.height }, weights),
  });
});
// end
