// Trains the head that reads compartments off descriptors of sequences: what it is given is computed once, and a step
// takes milliseconds. What its descriptors are on average belongs to it, and is measured on the training proteins.

import {
  compile,
  createTrainer,
  f32,
  float32,
  type NdArray,
  type RandomSource,
  type Runtime,
  sigmoid,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  computeSequenceFeatures,
  type FeatureHeadConfig,
  type FileSource,
  featureHead,
  sequenceFeatureCount,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import { compartments } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { createProteinDraw, targetBatch, targetTypes } from "../../data/batches/sequence-batches.ts";
import { momentsOf } from "../../training/frozen/sequence-embedder.ts";
import { readTensors, startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type PrepareOptions, type TrainingJob } from "../../training/loop.ts";
import { headFiles } from "../../training/model-files.ts";
import {
  chooseValidation,
  compartmentScores,
  drawWeights,
  rarityWeights,
  readSequences,
} from "../language-model/job.ts";
import { questionLoss } from "../localizer/job.ts";

const share = z.number().min(0).max(0.9);

export const sequenceFeaturesSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    layers: z.int().nonnegative(),
    inputDropout: share,
    dropout: share,
  }),
  data: z.strictObject({
    batchSize: z.int().positive(),
    /** How often a sequence is drawn, relative to one that is not human. */
    weightOfHuman: z.number().positive(),
    weightOfOpencell: z.number().positive(),
    validationCount: z.int().positive(),
  }),
  loss: z.strictObject({
    /** Rare compartments count more, by the square root of their rarity, up to this. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type SequenceFeaturesConfig = z.infer<typeof sequenceFeaturesSchema>;

const trainedScope = "layers.";

/** Prepares the training on an atlas folder. */
export async function createSequenceFeaturesJob(
  runtime: Runtime,
  config: SequenceFeaturesConfig,
  folder: string,
  { onRead }: PrepareOptions = {},
): Promise<TrainingJob> {
  const { data, train } = config;
  const network: FeatureHeadConfig = { labels: compartments, ...config.model };
  const splits = await readSequences(folder);
  const training = splits.get("train") ?? [];
  const validation = chooseValidation(splits.get("calibration") ?? [], data.validationCount, train.seed);
  const positiveWeights = rarityWeights(training, config.loss.maxPositiveWeight);
  const total = training.length + validation.length;
  const described = new Map<Protein, Float32Array>();
  for (const protein of [...training, ...validation]) {
    described.set(protein, computeSequenceFeatures(protein.sequence));
    onRead?.(described.size, total);
  }
  const rows = (proteins: readonly Protein[]): NdArray => {
    const stacked = new Float32Array(proteins.length * sequenceFeatureCount);
    for (const [row, protein] of proteins.entries())
      stacked.set(described.get(protein)!, row * sequenceFeatureCount);
    return float32([proteins.length, sequenceFeatureCount], stacked);
  };

  const inputTypes = {
    sequenceFeatures: f32(data.batchSize, sequenceFeatureCount),
    ...targetTypes(data.batchSize),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    const logits = featureHead(w, network, inputs.sequenceFeatures, { random });
    return { losses: { sequenceFeatures: questionLoss(logits, inputs, positiveWeights) } };
  };
  const { parameters } = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const measured = momentsOf(training.map((protein) => described.get(protein)!));
  const norm = new Map([...measured].map(([name, value]) => [`norm.${name}`, value] as const));
  const isTrained = (name: string) => name.startsWith(trainedScope);
  const declared = new Map([...parameters].filter(([name]) => isTrained(name)));
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { sequenceFeatures: { prefix: trainedScope, ...adamWOf(train) } },
    weights: new Map([...norm, ...(await startingWeights(declared, train, readEarlier))]),
    seed: train.seed,
  });
  const draw = createProteinDraw(training, {
    ...{ lengths: [Number.MAX_SAFE_INTEGER], batchSize: data.batchSize, seed: train.seed },
    weights: drawWeights(training, data),
  });
  const weights = async () => new Map([...norm, ...(await trainer.weights({ average: true }))]);
  return {
    trainer,
    config: train,
    async batches(step) {
      const { batch } = draw(step);
      return [{ sequenceFeatures: rows(batch), ...targetBatch(batch) }];
    },
    best: { score: "macroAveragePrecision", mode: "max" },
    validate: async () => {
      const program = await compile(
        runtime,
        (w, { sequenceFeatures }) => ({ p: sigmoid(featureHead(w, network, sequenceFeatures)) }),
        { sequenceFeatures: f32(validation.length, sequenceFeatureCount) },
        { weights: await weights() },
      );
      try {
        const data = (await program.run({ sequenceFeatures: rows(validation) })).p.data as Float32Array;
        const width = compartments.length;
        const probabilities = validation.map((_, row) => data.subarray(row * width, (row + 1) * width));
        return compartmentScores(probabilities, validation);
      } finally {
        await program.close();
      }
    },
    files: async () => headFiles("sequence_features", network, await weights()),
  };
}

/** The layers of an earlier run; what its descriptors are on average is measured anew. */
async function readEarlier(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const tensors = await readTensors(subfolder(folder, "sequence_features"));
  return new Map([...tensors].filter(([name]) => name.startsWith(trainedScope)));
}
