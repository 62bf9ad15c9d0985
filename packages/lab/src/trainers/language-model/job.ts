// Trains the protein language model and its localization head on hidden residues and compartments at once, from sequences
// of all kingdoms. Both tasks see the same masked sequences. With `model.frozen`, the head alone is trained.

import { add, i32, mul, type NdArray } from "@proteoscope/engine";
import { type FileSource, loadAs, maskedTokenLoss, subfolder } from "@proteoscope/models";
import { readTrainingSequences } from "../../data/atlas/sequences.ts";
import { openSequenceAugmentation } from "../../data/batches/sequence-augment.ts";
import { createSequenceBatches, targetTypes } from "../../data/batches/sequence-batches.ts";
import { positiveWeights, samplingWeights } from "../../data/batches/sequence-weights.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { readTensors } from "../../training/initial-weights.ts";
import { compartmentLoss } from "../../training/localization-loss.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { validateBoth } from "../../training/validation-sets.ts";
import { networkOf, type PlmConfig, plmSchema } from "./config.ts";
import { plmFiles } from "./files.ts";
import { prepareHead } from "./head.ts";
import { computeLogits, validatePlm } from "./validate.ts";

export const plm = defineTrainer("plm", plmSchema, (preparation) =>
  preparation.config.model.frozen ? prepareHead(preparation) : prepare(preparation),
);

async function prepare(preparation: Preparation<PlmConfig>): Promise<TrainingJob> {
  const { runtime, config, atlas } = preparation;
  const { data, loss, train } = config;
  const { seed } = train;
  const { training, validation, seen } = await readTrainingSequences(atlas, { ...data, seed });
  const labelWeights = positiveWeights(training, loss.maxPositiveWeight);
  const network = networkOf(config);
  const tokens = data.lengths.length === 1 ? data.lengths[0]! : "tokens";
  const batchOf = createSequenceBatches(training, {
    ...data,
    weights: samplingWeights(training, data),
    seed,
    augmentation: await openSequenceAugmentation(config.augment, training, seed),
  });
  return createTrainingJob(preparation, {
    inputs: {
      inputIds: i32(data.batchSize, tokens),
      labels: i32(data.batchSize, tokens),
      ...targetTypes(data.batchSize),
    },
    model(w, inputs, random) {
      const { tokenLogits, compartmentLogits } = computeLogits(w, network, inputs.inputIds, random);
      const tokens = maskedTokenLoss(tokenLogits, inputs.labels);
      const localization = compartmentLoss(compartmentLogits, inputs, labelWeights);
      return {
        losses: { plm: add(tokens, mul(localization, loss.localization)) },
        metrics: { tokens, localization },
      };
    },
    groups: { plm: {} },
    earlierWeights: readEarlier,
    batch: async (index) => batchOf(index),
    validate: (weights, log) =>
      validateBoth(
        (proteins, report) => validatePlm(runtime, weights, network, proteins, config, report),
        validation,
        "seen",
        seen,
        log,
      ),
    best: { score: "macroAveragePrecision", mode: "max" },
    files: async (weights) => plmFiles(network, weights, config),
  });
}

async function readEarlier(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const { weights } = await loadAs("esm2", subfolder(folder, "plm"));
  return new Map([...weights, ...(await readTensors(subfolder(folder, "localization")))]);
}
