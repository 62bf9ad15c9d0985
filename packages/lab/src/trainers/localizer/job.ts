// Trains the localizer on a finished language model: compartments of proteins from the embeddings of their residues,
// by a bottleneck on embeddings that stay as they are, by adapting the language model with LoRA, or by both; by neither
// it is a linear probe. Training, calibration and held-out partitions are those of the language model's own training,
// and so is what is asked: every label that the protein's source resolves.

import {
  add,
  compile,
  createTrainer,
  div,
  maximum,
  mul,
  type NdArray,
  type RandomSource,
  type Runtime,
  sigmoid,
  sum,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  type FileSource,
  type LocalizerConfig,
  languageModelFolder,
  loadAs,
  loadLora,
  localizationLoss,
  localizer,
  loraPrefix,
  saveLora,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import {
  embeddingAugmentSchema,
  hideResidues,
  openSequenceAugmentation,
} from "../../data/batches/sequence-augment.ts";
import {
  createProteinDraw,
  edgeTokens,
  targetBatch,
  targetTypes,
} from "../../data/batches/sequence-batches.ts";
import { type LabelScores, scoreLocalization } from "../../evaluate/measures/localization-scores.ts";
import { bottleneckSchema } from "../../training/bottleneck-schema.ts";
import { readTensors, startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type Scores, type TrainingJob } from "../../training/loop.ts";
import { headFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import {
  chooseValidation,
  drawWeights,
  rarityWeights,
  readSequences,
  wholeLoss,
} from "../language-model/job.ts";
import { adaptedBackbone, frozenBackbone, type LanguageModel, type LocalizerBackbone } from "./backbone.ts";

export const localizerSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2. */
    plm: pathSchema,
  }),
  model: z.strictObject({
    /** A transformer over the embeddings before they are averaged. */
    bottleneck: bottleneckSchema,
    /** Adapts the language model; without, it stays as it is and its embeddings are kept. */
    lora: z
      .strictObject({
        r: z.int().positive(),
        loraAlpha: z.number().positive(),
        loraDropout: z.number().min(0).max(0.9),
        targetModules: z.array(z.string()).min(1),
      })
      .nullable()
      .default(null),
  }),
  data: z.strictObject({
    /** Token lengths of batches, ascending. */
    lengths: z.array(z.int().min(8)).min(1),
    batchSize: z.int().positive(),
    /** Batches that are summed to a step. */
    accumulate: z.int().positive().default(1),
    /** How often a sequence is drawn, relative to one that is not human. */
    weightOfHuman: z.number().positive(),
    weightOfOpencell: z.number().positive(),
    validationCount: z.int().positive(),
    /**
     * Homology partitions that are held out and validated on, another pair for each of DeepLoc's five folds. A language
     * model that this project trained has seen all but its own pair, which is the default: change it for others alone.
     */
    testPartition: z.int().min(0).max(4).default(4),
    calibrationPartition: z.int().min(0).max(4).default(3),
    /** Memory for embeddings that are kept. */
    cacheGigabytes: z.number().nonnegative().default(2),
  }),
  augment: embeddingAugmentSchema.prefault({}),
  loss: z.strictObject({
    /** Rare compartments count more, by the square root of their rarity, up to this. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type LocalizerTrainingConfig = z.infer<typeof localizerSchema>;

const scope = "localizer.";

/** Prepares the training of the localizer on an atlas folder. */
export async function createLocalizerJob(
  runtime: Runtime,
  config: LocalizerTrainingConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, train } = config;
  if (data.testPartition === data.calibrationPartition)
    throw new ConfigError("data.test_partition and data.calibration_partition are the same: give two");
  const splits = await readSequences(folder, data);
  const training = splits.get("train") ?? [];
  const validation = chooseValidation(splits.get("calibration") ?? [], data.validationCount, train.seed);
  const positiveWeights = rarityWeights(training, config.loss.maxPositiveWeight);
  const plm = await loadAs("esm2", await languageModelFolder(openFolder(config.models.plm)));
  const backbone = await openBackbone(runtime, plm, config);
  const network = networkOf(config);
  const logitsOf = (w: Weights, inputs: Readonly<Record<string, Tensor>>, random?: RandomSource) => {
    const trained = w.at("localizer");
    return localizer(trained, network, backbone.embed(w, inputs, { trained, random }), { random });
  };

  const inputTypes = {
    ...backbone.inputTypes(data.batchSize),
    ...targetTypes(data.batchSize),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    return { losses: { localizer: questionLoss(logitsOf(w, inputs, random), inputs, positiveWeights) } };
  };
  const { parameters } = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const isTrained = (name: string) => name.startsWith(scope);
  const declared = new Map([...parameters].filter(([name]) => isTrained(name)));
  const start = await startingWeights(declared, train, (earlier) => readEarlier(earlier, plm, config));
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { localizer: { prefix: scope, ...adamWOf(train) } },
    weights: new Map([...backbone.frozen, ...start]),
    seed: train.seed,
    accumulate: data.accumulate,
  });
  const draw = createProteinDraw(training, {
    ...data,
    weights: drawWeights(training, data),
    seed: train.seed,
  });
  const augmentation = await openSequenceAugmentation(config.augment, training, train.seed);
  const averaged = () => trainer.weights({ average: true });
  return {
    trainer,
    config: train,
    async batches(step) {
      const batches = [];
      for (let micro = 0; micro < data.accumulate; micro++) {
        const drawn = step * data.accumulate + micro;
        const { batch, length } = draw(drawn);
        const inputs = await backbone.inputs(augmentation.change(batch, drawn), length);
        const hidden = { share: config.augment.hiddenShare, edge: 0, seed: train.seed, step: drawn };
        batches.push({ ...inputs, mask: hideResidues(inputs.mask, hidden), ...targetBatch(batch) });
      }
      return batches;
    },
    best: { score: "macroAveragePrecision", mode: "max" },
    validate: async () => {
      const weights = new Map([...backbone.frozen, ...(await averaged())]);
      return validate(runtime, logitsOf, { weights, backbone, proteins: validation, data });
    },
    async files() {
      const weights = withoutPrefix(await averaged(), scope);
      const isMatrix = (name: string) => name.startsWith(loraPrefix);
      const head = new Map([...weights].filter(([name]) => !isMatrix(name)));
      const matrices = new Map([...weights].filter(([name]) => isMatrix(name)));
      const { lora } = config.model;
      return new Map<string, Uint8Array | string>([
        ...headFiles("localizer", { ...network, windowResidues: windowOf(data) }, head),
        ...(lora === null
          ? []
          : [...saveLora({ config: lora, weights: matrices })].map(
              ([path, bytes]) => [`lora/${path}`, bytes] as const,
            )),
      ]);
    },
    close: () => backbone.close(),
  };
}

type LocalizerData = LocalizerTrainingConfig["data"];

const windowOf = ({ lengths }: LocalizerData): number => lengths.at(-1)! - edgeTokens;

async function openBackbone(
  runtime: Runtime,
  plm: LanguageModel,
  { model, data }: LocalizerTrainingConfig,
): Promise<LocalizerBackbone> {
  if (model.lora !== null) return adaptedBackbone(plm, model.lora);
  const cacheBytes = data.cacheGigabytes * 1e9;
  return frozenBackbone(runtime, plm, { windowResidues: windowOf(data), cacheBytes });
}

function networkOf({ model: { bottleneck } }: LocalizerTrainingConfig): LocalizerConfig {
  return { labels: compartments, bottleneck: bottleneck && { ...bottleneck, result: "full" } };
}

/**
 * Mean over all questions, each of which counts alike: is it in this compartment, is it in any part of this whole. Then
 * "in no part", which is asked part by part, weighs what "in any part" weighs, and one half is a fair threshold.
 */
export function questionLoss(
  logits: Tensor,
  inputs: Readonly<Record<"targets" | "known" | "groupTargets" | "groupKnown", Tensor>>,
  positiveWeights: readonly number[],
): Tensor {
  const { targets, known, groupTargets, groupKnown } = inputs;
  const [partCount, wholeCount] = [sum(known), sum(groupKnown)];
  const parts = localizationLoss(logits, targets, known, { positiveWeights });
  const wholes = wholeLoss(logits, groupTargets, groupKnown);
  const total = add(mul(parts, partCount), mul(wholes, wholeCount));
  return div(total, maximum(add(partCount, wholeCount), 1));
}

/** What an earlier run has left, under the names of the trainer. */
async function readEarlier(
  folder: FileSource,
  plm: LanguageModel,
  { model }: LocalizerTrainingConfig,
): Promise<ReadonlyMap<string, NdArray>> {
  const head = await readTensors(subfolder(folder, "localizer"));
  if (model.lora === null && (await folder.exists("lora/adapter_config.json")))
    throw new ConfigError(
      `train.start_from: ${folder.name} adapts its language model: give model.lora as its run had it`,
    );
  const adapter = model.lora === null ? undefined : await loadLora(subfolder(folder, "lora"), plm.weights);
  return withPrefix(new Map([...head, ...(adapter?.weights ?? [])]), scope);
}

interface Probe {
  readonly weights: ReadonlyMap<string, NdArray>;
  readonly backbone: LocalizerBackbone;
  readonly proteins: readonly Protein[];
  readonly data: LocalizerData;
}

/** One protein at a time, so that no padding is computed. */
async function validate(
  runtime: Runtime,
  logitsOf: (w: Weights, inputs: Readonly<Record<string, Tensor>>) => Tensor,
  { weights, backbone, proteins, data }: Probe,
): Promise<Scores> {
  const program = await compile(
    runtime,
    (w, inputs) => ({ probabilities: sigmoid(logitsOf(w, inputs)) }),
    backbone.inputTypes(1),
    { weights },
  );
  try {
    const probabilities: Float32Array[] = [];
    for (const protein of proteins) {
      const length = Math.min(protein.sequence.length + edgeTokens, data.lengths.at(-1)!);
      const outputs = await program.run(await backbone.inputs([protein], length));
      probabilities.push(outputs.probabilities.data as Float32Array);
    }
    const { byLabel, ...means } = scoreLocalization(probabilities, proteins.map(sequenceTargets));
    const named = (score: keyof LabelScores) =>
      Object.entries(byLabel).map(([name, scores]) => [`${score}.${name}`, scores[score]]);
    return {
      ...means,
      ...Object.fromEntries([...named("averagePrecision"), ...named("f1"), ...named("matthews")]),
    };
  } finally {
    await program.close();
  }
}
