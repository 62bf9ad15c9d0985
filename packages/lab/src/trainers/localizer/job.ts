// Trains the localizer on a finished language model: compartments of proteins from the embeddings of their residues, by a
// bottleneck on embeddings that stay as they are, by adapting the language model with LoRA (Hu et al. 2021,
// arXiv:2106.09685), or by both; by neither it is a linear probe. Training, calibration and held-out partitions are those of
// the language model's own training, and the labels are all that a protein's source resolves.

import type { NdArray, RandomSource, Runtime, Tensor, Weights } from "@proteoscope/engine";
import {
  type FileSource,
  isEsmc,
  type LanguageModel,
  languageModelFolder,
  loadLanguageModel,
  loadLora,
  localizer as localize,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../../config/compose.ts";
import { readTrainingSequences } from "../../data/atlas/sequences.ts";
import { hideResidues, openSequenceAugmentation } from "../../data/batches/sequence-augment.ts";
import { createProteinSampler, targetBatch, targetTypes } from "../../data/batches/sequence-batches.ts";
import { positiveWeights, samplingWeights } from "../../data/batches/sequence-weights.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { readTensors } from "../../training/initial-weights.ts";
import { questionLoss } from "../../training/localization-loss.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { withPrefix } from "../../training/model-files.ts";
import { validateBoth } from "../../training/validation-sets.ts";
import { adaptedBackbone, frozenBackbone, type LocalizerBackbone } from "./backbone.ts";
import { type LocalizerTrainingConfig, localizerSchema, networkOf, windowOf } from "./config.ts";
import { localizerFiles, scope } from "./files.ts";
import { validateLocalizer } from "./validate.ts";

export const localizer = defineTrainer("localizer", localizerSchema, prepare);

async function prepare(preparation: Preparation<LocalizerTrainingConfig>): Promise<TrainingJob> {
  const { runtime, config, atlas } = preparation;
  const { data, augment, train } = config;
  const { seed } = train;
  if (data.testPartition === data.calibrationPartition)
    throw new ConfigError("data.test_partition and data.calibration_partition are the same: give two");
  const { training, validation, seen } = await readTrainingSequences(atlas, { ...data, seed });
  const labelWeights = positiveWeights(training, config.loss.maxPositiveWeight);
  const plm = await loadLanguageModel(await languageModelFolder(openFolder(config.models.plm)));
  const backbone = await openBackbone(runtime, plm, config);
  const network = networkOf(config);
  const logitsOf = (w: Weights, inputs: Readonly<Record<string, Tensor>>, random?: RandomSource) => {
    const trained = w.at("localizer");
    return localize(trained, network, backbone.embed(w, inputs, { trained, random }), { random });
  };
  const sample = createProteinSampler(training, { ...data, weights: samplingWeights(training, data), seed });
  const augmentation = await openSequenceAugmentation(augment, training, seed);
  return createTrainingJob(preparation, {
    inputs: { ...backbone.inputTypes(data.batchSize), ...targetTypes(data.batchSize) },
    model: (w, inputs, random) => ({
      losses: { localizer: questionLoss(logitsOf(w, inputs, random), inputs, labelWeights) },
    }),
    groups: { localizer: { prefix: scope } },
    frozen: backbone.frozen,
    earlierWeights: (folder) => readEarlier(folder, plm, config),
    async batch(index) {
      const { batch, length } = sample(index);
      const inputs = await backbone.inputs(augmentation.change(batch, index), length);
      const hidden = { share: augment.hiddenShare, edge: 0, seed, step: index };
      return { ...inputs, mask: hideResidues(inputs.mask, hidden), ...targetBatch(batch) };
    },
    validate: (weights, log) =>
      validateBoth(
        (proteins, report) =>
          validateLocalizer(runtime, weights, logitsOf, { backbone, proteins, config }, report),
        validation,
        "seen",
        seen,
        log,
      ),
    best: { score: "macroAveragePrecision", mode: "max" },
    files: async (weights) => localizerFiles(network, weights, config),
    close: () => backbone.close(),
  });
}

async function openBackbone(
  runtime: Runtime,
  plm: LanguageModel,
  config: LocalizerTrainingConfig,
): Promise<LocalizerBackbone> {
  const { lora } = config.model;
  if (lora !== null) {
    const isThere = (target: string): boolean =>
      [...plm.weights.keys()].some((name) => name.endsWith(`.${target}.weight`));
    const missing = lora.targetModules.find((target) => !isThere(target));
    if (missing !== undefined)
      throw new ConfigError(
        `model.lora.target_modules: "${missing}" is no layer of the language model; those of its attention are ${isEsmc(plm.config) ? "q_proj, k_proj, v_proj, o_proj" : "query, key, value, attention.output.dense"}`,
      );
    return adaptedBackbone(plm, lora);
  }
  const cacheBytes = config.data.cacheGigabytes * 1e9;
  return frozenBackbone(runtime, plm, { windowResidues: windowOf(config), cacheBytes });
}

/** The weights of an earlier run, under the trainer's names. */
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
