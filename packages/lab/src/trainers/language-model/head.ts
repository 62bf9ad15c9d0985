// Trains the localization head alone, on a language model that stays as it is (`model.frozen`). The representations are
// computed once and cached, so that the head sees every protein many times in the time that the language model would take
// to see it once.

import { isDeepStrictEqual } from "node:util";
import { compile, f32, float32, i32, type NdArray, type Runtime, sigmoid } from "@proteoscope/engine";
import {
  type FileSource,
  type LanguageModelConfig,
  type LocalizationHeadConfig,
  languageModelFolder,
  loadLanguageModel,
  loadLocalizationHead,
  localizationHead,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../../config/compose.ts";
import { readTrainingSequences } from "../../data/atlas/sequences.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { openSequenceAugmentation } from "../../data/batches/sequence-augment.ts";
import {
  createProteinSampler,
  edgeTokens,
  targetBatch,
  targetTypes,
  tokenBatch,
} from "../../data/batches/sequence-batches.ts";
import { positiveWeights, samplingWeights } from "../../data/batches/sequence-weights.ts";
import { createTrainingJob, type Preparation } from "../../training/define-trainer.ts";
import { openResidueEmbeddings } from "../../training/frozen/residues.ts";
import { compartmentLoss } from "../../training/localization-loss.ts";
import { localizationScores } from "../../training/localization-scores.ts";
import type { TrainingJob } from "../../training/loop.ts";
import type { Scores } from "../../training/scores.ts";
import { validateBoth } from "../../training/validation-sets.ts";
import { networkOf, type PlmConfig } from "./config.ts";
import { plmFiles } from "./files.ts";

/** Prepares the training of a new head, or of the one that `train.start_from` has if its configuration is the same. */
export async function prepareHead(preparation: Preparation<PlmConfig>): Promise<TrainingJob> {
  const { runtime, config, atlas } = preparation;
  const { data, train } = config;
  const { seed, startFrom } = train;
  if (startFrom === undefined)
    throw new ConfigError("model.frozen: give the language model, train.start_from=runs/plm/model");
  if (data.lengths.length > 1)
    throw new ConfigError("model.frozen: data.lengths has several lengths, give one");
  const [tokens] = data.lengths as [number];
  const esm = await loadLanguageModel(await languageModelFolder(openFolder(startFrom)));
  const width = esm.config.hiddenSize;
  const { head } = networkOf(config);
  const { training, validation, seen } = await readTrainingSequences(atlas, { ...data, seed });
  const labelWeights = positiveWeights(training, config.loss.maxPositiveWeight);
  const inputTypes = (count: number) => ({
    inputIds: i32(count, tokens),
    representation: f32(count, tokens, width),
  });
  const { embed, close } = await openResidueEmbeddings(runtime, esm, {
    windowResidues: tokens - edgeTokens,
    cacheBytes: data.cacheGigabytes * 1e9,
    hasEdges: true,
  });
  const read = async (proteins: readonly Protein[]) => {
    const rows = new Float32Array(proteins.length * tokens * width); // zeros after the end of a protein
    for (const [row, { sequence }] of proteins.entries())
      rows.set(await embed(sequence), row * tokens * width);
    return {
      inputIds: tokenBatch(proteins, tokens),
      representation: float32([proteins.length, tokens, width], rows),
    };
  };
  const sample = createProteinSampler(training, { ...data, weights: samplingWeights(training, data), seed });
  const augmentation = await openSequenceAugmentation(config.augment, training, seed);
  return createTrainingJob(preparation, {
    inputs: { ...inputTypes(data.batchSize), ...targetTypes(data.batchSize) },
    model(w, inputs, random) {
      const logits = localizationHead(w.at("localization"), head, inputs, { random });
      return { losses: { localization: compartmentLoss(logits, inputs, labelWeights) } };
    },
    groups: { localization: { prefix: "localization." } },
    frozen: esm.weights,
    earlierWeights: (folder) => sameHead(folder, esm.config, head),
    async batch(index) {
      const { batch } = sample(index);
      return { ...(await read(augmentation.change(batch, index))), ...targetBatch(batch) };
    },
    validate: (weights, log) =>
      validateBoth(
        (validation) => validateHead(runtime, weights, head, { validation, read, types: inputTypes(1) }),
        validation,
        "seen",
        seen,
        log,
      ),
    best: { score: "macroAveragePrecision", mode: "max" },
    files: async (weights) => plmFiles({ esm: esm.config, head }, weights, config),
    close,
  });
}

interface HeadValidation {
  readonly validation: readonly Protein[];
  read(proteins: readonly Protein[]): Promise<Record<"inputIds" | "representation", NdArray>>;
  /** Input types of one protein. */
  readonly types: Readonly<Record<"inputIds" | "representation", ReturnType<typeof i32>>>;
}

/** Scores of the head; one protein is computed at a time. */
async function validateHead(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  head: LocalizationHeadConfig,
  { validation, read, types }: HeadValidation,
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, inputs) => ({ probabilities: sigmoid(localizationHead(w.at("localization"), head, inputs)) }),
    types,
    { weights },
  );
  try {
    const rows: Float32Array[] = [];
    for (const protein of validation) {
      const { probabilities } = await program.run(await read([protein]));
      rows.push(probabilities.data as Float32Array);
    }
    return localizationScores(rows, validation);
  } finally {
    await program.close();
  }
}

/** The weights of the earlier head, if it has the same configuration; dropout does not count. */
async function sameHead(
  folder: FileSource,
  esm: LanguageModelConfig,
  config: LocalizationHeadConfig,
): Promise<ReadonlyMap<string, NdArray>> {
  const earlier = await loadLocalizationHead(folder, esm);
  const comparable = (head: LocalizationHeadConfig) => JSON.parse(JSON.stringify({ ...head, dropout: 0 }));
  const isSame = earlier !== undefined && isDeepStrictEqual(comparable(earlier.config), comparable(config));
  return isSame ? earlier.weights : new Map();
}
