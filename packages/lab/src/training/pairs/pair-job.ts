// Trains a network that brings images and sequences into one space: latents of a finished autoencoder, what a finished
// language model says of the protein. CLIP and the triplet network differ in their loss alone, which they hand in. All
// finished networks are stored with the model, so that what a run leaves finds proteins and images.

import { join } from "node:path";
import {
  bool,
  compile,
  createGenerator,
  createTrainer,
  f32,
  type InputTypes,
  type NdArray,
  type RandomSource,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
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
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { openCropPixels } from "../../data/atlas/crop-pixels.ts";
import { embeddingBatch, latentBatch } from "../../data/batches/condition-batches.ts";
import { readImageData } from "../../data/batches/image-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { bottleneckSchema } from "../bottleneck-schema.ts";
import { sequenceModelFiles } from "../frozen/finished-models.ts";
import { createLatentCoder } from "../frozen/latents.ts";
import { startingWeights } from "../initial-weights.ts";
import { adamWOf, loopSchema, type PrepareOptions, type Scores, type TrainingJob } from "../loop.ts";
import { type ModelFiles, networkFiles } from "../model-files.ts";
import { createPairDraw, pairDataSchema } from "./pair-batches.ts";
import { choosePairs, scorePairs } from "./pair-validation.ts";
import { openProteinSide } from "./protein-side.ts";

/** The heads of the protein's side, by the original's sizes. */
export const projectionSchema = z.strictObject({
  projectionDims: z.int().positive().default(1024),
  dropout: z.number().min(0).max(0.9).default(0.2),
  /** A transformer over the embeddings before they are averaged. */
  bottleneck: bottleneckSchema,
});

export const pairSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2. */
    plm: pathSchema,
    /** The `model` folder of a run of `train autoencoder`. */
    autoencoder: pathSchema,
  }),
  model: projectionSchema.prefault({}),
  /** As in the training of the denoiser. */
  pairingInverseTemperature: z.number().nonnegative().default(1),
  augment: embeddingAugmentSchema.prefault({}),
  data: pairDataSchema,
  train: loopSchema,
});
export type PairConfig = z.infer<typeof pairSchema>;

/** What a network on pairs learns by. */
export interface PairLoss {
  readonly architecture: "clip" | "triplet";
  /** Types of what `inputs` gives for so many pairs. */
  inputTypes(count: number): InputTypes;
  inputs(pairs: readonly Pair[]): Record<string, NdArray>;
  loss(w: Weights, embeddings: JointEmbeddings, inputs: Readonly<Record<string, Tensor>>): Tensor;
}

/** Prepares the training on an atlas folder. */
export async function createPairJob(
  runtime: Runtime,
  config: PairConfig,
  folder: string,
  learned: PairLoss,
  { onRead }: PrepareOptions = {},
): Promise<TrainingJob> {
  const { data, train } = config;
  const { architecture } = learned;
  const pixels = await openCropPixels(folder);
  const { training, validation, proteins } = await readImageData(folder);
  const autoencoder = await loadAs("autoencoder", openFolder(join(config.models.autoencoder, "vae")));
  const side = await openProteinSide(runtime, proteins, {
    ...{ plm: config.models.plm, pairingInverseTemperature: config.pairingInverseTemperature },
    ...{ seed: train.seed, startFrom: train.startFrom, onRead },
  });
  const { reader, embedder, pairing, condition } = side;
  const coder = await createLatentCoder(runtime, autoencoder, pixels.height);
  const { latentChannels } = autoencoder.config;
  const { latentSide } = coder;
  const embeddingWidth = reader.esm.config.hiddenSize;
  const latents = { side: pixels.height, latentSide, latentChannels, latentScale: 1 }; // as the autoencoder gives them
  const latentSize = latentChannels * latentSide ** 2;
  const network: JointEmbeddingConfig = {
    ...{ proteinEmbeddingDims: embeddingWidth, imageEmbeddingDims: latentSize },
    ...{ projectionDims: config.model.projectionDims, dropout: config.model.dropout },
    esmBottleneck: config.model.bottleneck && { ...config.model.bottleneck, result: "full" },
  };

  const pairTypes = (count: number) => ({
    latents: f32(count, latentChannels, latentSide, latentSide),
    sequence: f32(count, "tokens", embeddingWidth),
    mask: bool(count, "tokens"),
  });
  const inputTypes = { ...pairTypes(data.batchSize), ...learned.inputTypes(data.batchSize) };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    const embeddings = jointEmbedding(w, network, inputs, { random });
    return { losses: { [architecture]: learned.loss(w, embeddings, inputs) } };
  };
  const declared = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { [architecture]: { prefix: "", ...adamWOf(train) } },
    weights: await startingWeights(
      declared.parameters,
      train,
      async (earlier) => (await loadAs(architecture, subfolder(earlier, architecture))).weights,
    ),
    seed: train.seed,
  });

  const draw = await createPairDraw(config, { training, proteins, pixels }, side);
  const judged = choosePairs(validation, pairing, { count: data.validationCount, seed: train.seed });
  const averaged = () => trainer.weights({ average: true });
  return {
    trainer,
    config: train,
    async batches(step) {
      const { crops, pairs, embeddings } = await draw(step);
      const normal = createGenerator(train.seed, "latents", step).normal(crops.length * latentSize);
      return [
        {
          latents: await latentBatch(crops, coder, latents, normal),
          ...embeddings,
          ...learned.inputs(pairs),
        },
      ];
    },
    best: { score: "loss", mode: "min" },
    async validate() {
      const weights = await averaged();
      const program = await compile(
        runtime,
        (w, inputs) => ({ ...jointEmbedding(w, network, inputs) }),
        pairTypes(1),
        { weights },
      );
      const made = { images: [] as Float32Array[], proteins: [] as Float32Array[] };
      try {
        for (const { crop, protein } of judged) {
          const { data: image } = await pixels.read(crop.index);
          const outputs = await program.run({
            latents: await latentBatch(
              [{ crop, image, symmetry: 0 }],
              coder,
              latents,
              new Float32Array(latentSize),
            ),
            ...(await embeddingBatch([protein], embedder, { embeddingWidth })),
          });
          made.images.push(outputs.images.data as Float32Array);
          made.proteins.push(outputs.proteins.data as Float32Array);
        }
      } finally {
        await program.close();
      }
      return scoreEmbeddings(runtime, learned, weights, judged, made);
    },
    async files(): Promise<ModelFiles> {
      return new Map<string, Uint8Array | string>([
        ...networkFiles(architecture, { architecture, config: network, weights: await averaged() }),
        ...networkFiles("vae", autoencoder),
        ...saveSequenceCondition(condition),
        ...(await sequenceModelFiles(config.models.plm, reader)),
      ]);
    },
    async close() {
      await embedder.close();
      await coder.close();
    },
  };
}

/** `loss` over all pairs as one batch, and retrieval by the cosine. */
async function scoreEmbeddings(
  runtime: Runtime,
  learned: PairLoss,
  weights: ReadonlyMap<string, NdArray>,
  pairs: readonly Pair[],
  made: { readonly images: readonly Float32Array[]; readonly proteins: readonly Float32Array[] },
): Promise<Scores> {
  if (pairs.length === 0) return {};
  const width = made.images[0]!.length;
  const stack = (rows: readonly Float32Array[]): NdArray => ({
    dtype: "float32",
    shape: [rows.length, width],
    data: Float32Array.from(rows.flatMap((row) => [...row])),
  });
  const embeddings = { images: f32(pairs.length, width), proteins: f32(pairs.length, width) };
  const types: InputTypes = { ...embeddings, ...learned.inputTypes(pairs.length) };
  const program = await compile(
    runtime,
    (w, inputs: Readonly<Record<string, Tensor>>) => {
      const { images, proteins } = inputs as typeof inputs & JointEmbeddings;
      return { loss: learned.loss(w, { images, proteins }, inputs) };
    },
    types,
    { weights },
  );
  try {
    const { loss } = await program.run({
      ...{ images: stack(made.images), proteins: stack(made.proteins) },
      ...learned.inputs(pairs),
    });
    const similarities = made.images.map((image) =>
      Float32Array.from(made.proteins, (protein) => image.reduce((sum, x, i) => sum + x * protein[i]!, 0)),
    );
    return { loss: (loss.data as Float32Array)[0]!, ...scorePairs(pairs, similarities) };
  } finally {
    await program.close();
  }
}
