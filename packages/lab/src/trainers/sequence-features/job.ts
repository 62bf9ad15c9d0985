// Trains the head that predicts compartments from features of the sequence. Its inputs are computed once, so that a step
// takes milliseconds. Mean and deviation of the features belong to it; they are measured on the training proteins.

import { compile, f32, float32, type NdArray, type Runtime, sigmoid } from "@proteoscope/engine";
import {
  computeSequenceFeatures,
  type FeatureHeadConfig,
  type FileSource,
  featureHead,
  sequenceFeatureCount,
  subfolder,
} from "@proteoscope/models";
import { compartments } from "../../data/atlas/compartments.ts";
import { readTrainingSequences } from "../../data/atlas/sequences.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { createProteinSampler, targetBatch, targetTypes } from "../../data/batches/sequence-batches.ts";
import { positiveWeights, samplingWeights } from "../../data/batches/sequence-weights.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { momentsOf } from "../../training/frozen/protein-statistics.ts";
import { readTensors } from "../../training/initial-weights.ts";
import { questionLoss } from "../../training/localization-loss.ts";
import { localizationScores } from "../../training/localization-scores.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { headFiles, withPrefix } from "../../training/model-files.ts";
import type { Scores } from "../../training/scores.ts";
import { type ReportItem, validateBoth } from "../../training/validation-sets.ts";
import { type SequenceFeaturesConfig, sequenceFeaturesSchema } from "./config.ts";

export const sequenceFeatures = defineTrainer("sequence-features", sequenceFeaturesSchema, prepare);

const trainedScope = "layers.";

async function prepare(preparation: Preparation<SequenceFeaturesConfig>): Promise<TrainingJob> {
  const { runtime, config, atlas, onRead } = preparation;
  const { model, data, loss, train } = config;
  const { seed } = train;
  const network: FeatureHeadConfig = { labels: compartments, ...model };
  const { training, validation, seen } = await readTrainingSequences(atlas, { ...data, seed });
  const labelWeights = positiveWeights(training, loss.maxPositiveWeight);
  const features = computeFeatures([...training, ...validation], onRead);
  const rows = (proteins: readonly Protein[]) => stackRows(proteins.map((one) => features.get(one)!));
  const sample = createProteinSampler(training, {
    lengths: [Number.MAX_SAFE_INTEGER],
    batchSize: data.batchSize,
    weights: samplingWeights(training, data),
    seed,
  });
  return createTrainingJob(preparation, {
    inputs: { sequenceFeatures: f32(data.batchSize, sequenceFeatureCount), ...targetTypes(data.batchSize) },
    model(w, inputs, random) {
      const logits = featureHead(w, network, inputs.sequenceFeatures, { random });
      return { losses: { sequenceFeatures: questionLoss(logits, inputs, labelWeights) } };
    },
    groups: { sequenceFeatures: { prefix: trainedScope } },
    frozen: withPrefix(momentsOf(training.map((one) => features.get(one)!)), "norm."),
    earlierWeights: readEarlier,
    async batch(index) {
      const { batch } = sample(index);
      return { sequenceFeatures: rows(batch), ...targetBatch(batch) };
    },
    validate: (weights, log) =>
      validateBoth(
        (proteins, report) => validate(runtime, weights, network, { proteins, rows: rows(proteins) }, report),
        validation,
        "seen",
        seen,
        log,
      ),
    best: { score: "macroAveragePrecision", mode: "max" },
    files: async (weights) => headFiles("sequence_features", network, weights),
  });
}

function computeFeatures(
  proteins: readonly Protein[],
  onRead: Preparation<unknown>["onRead"],
): ReadonlyMap<Protein, Float32Array> {
  const features = new Map<Protein, Float32Array>();
  for (const protein of proteins) {
    features.set(protein, computeSequenceFeatures(protein.sequence));
    onRead?.(features.size, proteins.length);
  }
  return features;
}

function stackRows(rows: readonly Float32Array[]): NdArray {
  const stacked = new Float32Array(rows.length * sequenceFeatureCount);
  for (const [index, row] of rows.entries()) stacked.set(row, index * sequenceFeatureCount);
  return float32([rows.length, sequenceFeatureCount], stacked);
}

/** Scores of all proteins, whose features are `rows` [proteins, features], as one batch. */
async function validate(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  network: FeatureHeadConfig,
  { proteins, rows }: { readonly proteins: readonly Protein[]; readonly rows: NdArray },
  report: ReportItem,
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, inputs) => ({ probabilities: sigmoid(featureHead(w, network, inputs.sequenceFeatures)) }),
    { sequenceFeatures: f32(...rows.shape) },
    { weights },
  );
  try {
    const { probabilities } = await program.run({ sequenceFeatures: rows });
    const data = probabilities.data as Float32Array;
    const width = compartments.length;
    const ofProteins = proteins.map((_, row) => data.subarray(row * width, (row + 1) * width));
    return localizationScores(ofProteins, proteins, report);
  } finally {
    await program.close();
  }
}

/** The layers of an earlier run; mean and deviation of the features are measured anew. */
async function readEarlier(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const tensors = await readTensors(subfolder(folder, "sequence_features"));
  return new Map([...tensors].filter(([name]) => name.startsWith(trainedScope)));
}
