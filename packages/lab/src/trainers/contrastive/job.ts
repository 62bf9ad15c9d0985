// Trains a network that brings images and sequences into one space: latents of a finished autoencoder, and what a finished
// language model makes of the protein. CLIP and the triplet network differ in their loss alone, which they pass in. All
// finished networks are stored with the model, so that what a run leaves can compare proteins and images.

import { join } from "node:path";
import {
  bool,
  concat,
  createGenerator,
  f32,
  type InputTypes,
  joinRows,
  type RowsModel,
  slice,
  type Tensor,
} from "@proteoscope/engine";
import {
  type JointEmbeddingConfig,
  type JointEmbeddings,
  jointEmbedding,
  loadAs,
  saveSequenceCondition,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { unseenPairs } from "../../data/batches/paired-crops.ts";
import { openTrainingImages } from "../../data/batches/training-images.ts";
import { createTrainingJob, type Preparation } from "../../training/define-trainer.ts";
import { sequenceModelFiles } from "../../training/frozen/finished-models.ts";
import { createLatentCoder, type LatentOptions, latentBatch } from "../../training/frozen/latents.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { networkFiles } from "../../training/model-files.ts";
import { createPairSampler } from "../../training/pairs/pair-sampler.ts";
import { choosePairs } from "../../training/pairs/pair-validation.ts";
import { openProteinSide } from "../../training/pairs/protein-side.ts";
import { validateBoth } from "../../training/validation-sets.ts";
import type { ContrastiveConfig } from "./config.ts";
import type { ContrastiveLoss } from "./loss.ts";
import { validatePairs } from "./validate.ts";

/** Prepares the training on an atlas folder. */
export async function createContrastiveJob(
  preparation: Preparation<ContrastiveConfig>,
  learned: ContrastiveLoss,
): Promise<TrainingJob> {
  const { runtime, config } = preparation;
  const { data, train } = config;
  const { architecture } = learned;
  const { images, side, autoencoder, coder, latents } = await openData(preparation);
  const { embedder, pairing } = side;
  const { latentChannels, latentSide } = latents;
  const latentSize = latentChannels * latentSide ** 2;
  const network = networkOf(config, embedder.width, latentSize);
  const pairTypes = (count: number) => ({
    latents: f32(count, latentChannels, latentSide, latentSide),
    sequence: f32(count, "tokens", embedder.width),
    mask: bool(count, "tokens"),
  });
  const samplePairs = await createPairSampler(config, images, side);
  const pairs = choosePairs(images.validation, pairing, { count: data.validationCount, seed: train.seed });
  const unseen = unseenPairs(images, { count: data.validationCount, seed: train.seed });
  const validation = { pairs, pixels: images.pixels, coder, latents, embedder, types: pairTypes(1) };
  const shared = shareRows(network, data.batchSize, learned.isShared ? train.accumulate : 1);
  return createTrainingJob(preparation, {
    inputs: { ...pairTypes(data.batchSize), ...shared.types, ...learned.inputTypes(shared.count) },
    model(w, inputs, random) {
      const own = jointEmbedding(w, network, inputs, { random });
      return { losses: { [architecture]: learned.loss(w, shared.join(own, inputs), inputs) } };
    },
    sharedRows: shared.rows,
    groups: { [architecture]: {} },
    earlierWeights: async (folder) => (await loadAs(architecture, subfolder(folder, architecture))).weights,
    async batch(index) {
      const { crops, pairs, embeddings } = await samplePairs(index);
      const normal = createGenerator(train.seed, "latents", index).normal(crops.length * latentSize);
      return {
        latents: await latentBatch(crops, coder, latents, normal),
        ...embeddings,
        ...learned.inputs(shared.micros === 1 ? pairs : shared.pairs(index, samplePairs.pairs)),
      };
    },
    validate(weights, log) {
      const score = (pairs: readonly Pair[]) =>
        validatePairs(runtime, { network, weights, learned }, { ...validation, pairs });
      return validateBoth(score, pairs, "unseen", unseen, log);
    },
    best: { score: "loss", mode: "min" },
    files: async (weights) =>
      new Map([
        ...networkFiles(architecture, { architecture, config: network, weights }),
        ...networkFiles("vae", autoencoder),
        ...saveSequenceCondition(side.condition),
        ...(await sequenceModelFiles(config.models.plm, side.reader)),
      ]),
    async close() {
      await embedder.close();
      await coder.close();
    },
  });
}

const joinColumns = ({ images, proteins }: JointEmbeddings): Tensor => concat([images, proteins], 1);

/** What the micro-batches of a step share, where its loss is one over all of them. */
function shareRows(network: JointEmbeddingConfig, batchSize: number, micros: number) {
  const count = batchSize * micros;
  const width = network.projectionDims;
  const rows: RowsModel<InputTypes> = (w, { latents, sequence, mask }, random) =>
    joinColumns(
      jointEmbedding(w, network, { latents: latents!, sequence: sequence!, mask: mask! }, { random }),
    );
  return {
    ...{ micros, count, rows: micros > 1 ? rows : undefined },
    types: micros === 1 ? {} : { gatheredRows: f32(count, 2 * width), ownRows: f32(count, batchSize) },
    /** The embeddings of all pairs of a step. */
    join(own: JointEmbeddings, inputs: Readonly<Record<string, Tensor>>): JointEmbeddings {
      if (micros === 1) return own;
      const rows = joinRows(joinColumns(own), inputs.gatheredRows!, inputs.ownRows!);
      return { images: slice(rows, 1, 0, width), proteins: slice(rows, 1, width, 2 * width) };
    },
    /** The pairs of all micro-batches of the step that a micro-batch belongs to. */
    pairs(index: number, pairsOf: (index: number) => readonly Pair[]): Pair[] {
      const first = index - (index % micros);
      return Array.from({ length: micros }, (_, micro) => pairsOf(first + micro)).flat();
    },
  };
}

/** The images, the protein's side and the finished autoencoder. */
async function openData({ runtime, config, atlas, onRead, cacheDir }: Preparation<ContrastiveConfig>) {
  const { data, models, pairingInverseTemperature } = config;
  const { seed, startFrom } = config.train;
  const images = await openTrainingImages(atlas, data);
  const autoencoder = await loadAs("autoencoder", openFolder(join(models.autoencoder, "vae")));
  const side = await openProteinSide(runtime, images.proteins, {
    plm: models.plm,
    pairingInverseTemperature,
    seed,
    startFrom,
    onRead,
    cacheDir,
  });
  const coder = await createLatentCoder(runtime, autoencoder, images.pixels.height, { cacheDir });
  const latents: LatentOptions = {
    side: images.pixels.height,
    latentSide: coder.latentSide,
    latentChannels: autoencoder.config.latentChannels,
    latentScale: 1, // as the autoencoder gives them
  };
  return { images, side, autoencoder, coder, latents };
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
