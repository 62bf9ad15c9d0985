// Trains a network that brings images and sequences into one space: latents of a finished autoencoder, and what a finished
// language model makes of the protein. CLIP and the triplet network differ in their loss alone, which they pass in. All
// finished networks are stored with the model, so that what a run leaves can compare proteins and images.

import { join } from "node:path";
import { bool, createGenerator, f32 } from "@proteoscope/engine";
import {
  type JointEmbeddingConfig,
  jointEmbedding,
  loadAs,
  saveSequenceCondition,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { openTrainingImages } from "../../data/batches/training-images.ts";
import { createTrainingJob, type Preparation } from "../../training/define-trainer.ts";
import { sequenceModelFiles } from "../../training/frozen/finished-models.ts";
import { createLatentCoder, latentBatch } from "../../training/frozen/latents.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { networkFiles } from "../../training/model-files.ts";
import { createPairSampler } from "../../training/pairs/pair-sampler.ts";
import { choosePairs } from "../../training/pairs/pair-validation.ts";
import { openProteinSide } from "../../training/pairs/protein-side.ts";
import type { ContrastiveConfig } from "./config.ts";
import type { ContrastiveLoss } from "./loss.ts";
import { validatePairs } from "./validate.ts";

/** Prepares the training on an atlas folder. */
export async function createContrastiveJob(
  preparation: Preparation<ContrastiveConfig>,
  learned: ContrastiveLoss,
): Promise<TrainingJob> {
  const { runtime, config, atlas, onRead } = preparation;
  const { data, train, pairingInverseTemperature } = config;
  const { plm } = config.models;
  const { architecture } = learned;
  const images = await openTrainingImages(atlas, data);
  const { pixels, validation, proteins } = images;
  const autoencoder = await loadAs("autoencoder", openFolder(join(config.models.autoencoder, "vae")));
  const side = await openProteinSide(runtime, proteins, {
    plm,
    pairingInverseTemperature,
    seed: train.seed,
    startFrom: train.startFrom,
    onRead,
  });
  const coder = await createLatentCoder(runtime, autoencoder, pixels.height);
  const { latentChannels } = autoencoder.config;
  const { latentSide } = coder;
  const latents = { side: pixels.height, latentSide, latentChannels, latentScale: 1 }; // as the autoencoder gives them
  const latentSize = latentChannels * latentSide ** 2;
  const embeddingWidth = side.reader.esm.config.hiddenSize;
  const network = networkOf(config, embeddingWidth, latentSize);
  const pairTypes = (count: number) => ({
    latents: f32(count, latentChannels, latentSide, latentSide),
    sequence: f32(count, "tokens", embeddingWidth),
    mask: bool(count, "tokens"),
  });
  const samplePairs = await createPairSampler(config, images, side);
  const pairs = choosePairs(validation, side.pairing, { count: data.validationCount, seed: train.seed });
  return createTrainingJob(preparation, {
    inputs: { ...pairTypes(data.batchSize), ...learned.inputTypes(data.batchSize) },
    model(w, inputs, random) {
      const embeddings = jointEmbedding(w, network, inputs, { random });
      return { losses: { [architecture]: learned.loss(w, embeddings, inputs) } };
    },
    groups: { [architecture]: {} },
    earlierWeights: async (folder) => (await loadAs(architecture, subfolder(folder, architecture))).weights,
    async batch(index) {
      const { crops, pairs, embeddings } = await samplePairs(index);
      const normal = createGenerator(train.seed, "latents", index).normal(crops.length * latentSize);
      return {
        latents: await latentBatch(crops, coder, latents, normal),
        ...embeddings,
        ...learned.inputs(pairs),
      };
    },
    validate: (weights) =>
      validatePairs(
        runtime,
        { network, weights, learned },
        { pairs, pixels, coder, latents, embedder: side.embedder, types: pairTypes(1) },
      ),
    best: { score: "loss", mode: "min" },
    files: async (weights) =>
      new Map([
        ...networkFiles(architecture, { architecture, config: network, weights }),
        ...networkFiles("vae", autoencoder),
        ...saveSequenceCondition(side.condition),
        ...(await sequenceModelFiles(plm, side.reader)),
      ]),
    async close() {
      await side.embedder.close();
      await coder.close();
    },
  });
}

function networkOf(
  { model }: ContrastiveConfig,
  proteinEmbeddingDims: number,
  imageEmbeddingDims: number,
): JointEmbeddingConfig {
  const { projectionDims, dropout, bottleneck } = model;
  return {
    proteinEmbeddingDims,
    imageEmbeddingDims,
    projectionDims,
    dropout,
    esmBottleneck: bottleneck && { ...bottleneck, result: "full" },
  };
}
