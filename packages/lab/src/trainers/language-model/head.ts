// Trains the localization head alone, on a language model that stays as it is (`model.frozen`). Its representations are
// computed once and kept, so that the head sees every protein many times in the time that the language model would take to
// see it once.

import { isDeepStrictEqual } from "node:util";
import {
  compile,
  createTrainer,
  f32,
  float32,
  i32,
  initializeWeights,
  type NdArray,
  type RandomSource,
  type Runtime,
  sigmoid,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  type Esm2Config,
  type FileSource,
  type LocalizationHeadConfig,
  loadAs,
  loadLocalizationHead,
  localizationHead,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { ConfigError } from "../../config/compose.ts";
import type { Protein } from "../../data/atlas/tables.ts";
import { openSequenceAugmentation } from "../../data/batches/sequence-augment.ts";
import {
  createProteinDraw,
  edgeTokens,
  targetBatch,
  targetTypes,
  tokenBatch,
} from "../../data/batches/sequence-batches.ts";
import { openResidueEmbeddings } from "../../training/frozen/residues.ts";
import { adamWOf, type TrainingJob } from "../../training/loop.ts";
import {
  compartmentLoss,
  compartmentScores,
  headConfigOf,
  type PlmConfig,
  plmFiles,
  readPlmData,
} from "./job.ts";

/** Prepares the training of a new head, or of the one that `train.start_from` has if it is of the same make. */
export async function createPlmHeadJob(
  runtime: Runtime,
  config: PlmConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, train } = config;
  if (train.startFrom === undefined)
    throw new ConfigError("model.frozen: give the language model, train.start_from=runs/plm/model");
  if (data.lengths.length > 1)
    throw new ConfigError("model.frozen: data.lengths has several lengths, give one");
  const [tokens] = data.lengths as [number];
  const earlier = openFolder(train.startFrom);
  const plm = await loadAs("esm2", subfolder(earlier, "plm"));
  const head = headConfigOf(config);
  const { training, drawWeights, validation, positiveWeights } = await readPlmData(config, folder);

  const inputTypes = {
    inputIds: i32(data.batchSize, tokens),
    representation: f32(data.batchSize, tokens, plm.config.hiddenSize),
    ...targetTypes(data.batchSize),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    const logits = localizationHead(w.at("localization"), head, inputs, { random });
    return { losses: { localization: compartmentLoss(logits, inputs, positiveWeights) } };
  };
  const declared = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { localization: { prefix: "", ...adamWOf(train) } },
    weights: new Map([
      ...initializeWeights(declared.parameters, train.seed),
      ...(await sameHead(earlier, plm.config, head)),
    ]),
    seed: train.seed,
  });
  const { embed, close } = await openResidueEmbeddings(runtime, plm, {
    ...{ windowResidues: tokens - edgeTokens, cacheBytes: data.cacheGigabytes * 1e9, hasEdges: true },
  });
  const read = async (proteins: readonly Protein[]) => {
    const width = plm.config.hiddenSize;
    const rows = new Float32Array(proteins.length * tokens * width); // zeros behind the end of a protein
    for (const [row, { sequence }] of proteins.entries())
      rows.set(await embed(sequence), row * tokens * width);
    return {
      inputIds: tokenBatch(proteins, tokens),
      representation: float32([proteins.length, tokens, width], rows),
    };
  };
  const draw = createProteinDraw(training, { ...data, weights: drawWeights, seed: train.seed });
  const augmentation = await openSequenceAugmentation(config.augment, training, train.seed);
  const weights = async () => new Map([...plm.weights, ...(await trainer.weights({ average: true }))]);
  const network = { esm: plm.config, head };
  return {
    trainer,
    config: train,
    async batches(step) {
      const { batch } = draw(step);
      return [{ ...(await read(augmentation.change(batch, step))), ...targetBatch(batch) }];
    },
    best: { score: "macroAveragePrecision", mode: "max" },
    validate: async () => {
      const program = await compile(
        runtime,
        (w, inputs) => ({ p: sigmoid(localizationHead(w.at("localization"), head, inputs)) }),
        { inputIds: i32(1, tokens), representation: f32(1, tokens, plm.config.hiddenSize) },
        { weights: await trainer.weights({ average: true }) },
      );
      try {
        const probabilities: Float32Array[] = [];
        for (const protein of validation) {
          const { p } = await program.run(await read([protein]));
          probabilities.push(p.data as Float32Array);
        }
        return compartmentScores(probabilities, validation);
      } finally {
        await program.close();
      }
    },
    files: async () => plmFiles(network, await weights(), config),
    close,
  };
}

/** The earlier head, if this one is of its make; dropout is no part of that. */
async function sameHead(
  folder: FileSource,
  esm: Esm2Config,
  config: LocalizationHeadConfig,
): Promise<ReadonlyMap<string, NdArray>> {
  const earlier = await loadLocalizationHead(folder, esm);
  const makeOf = (head: LocalizationHeadConfig) => JSON.parse(JSON.stringify({ ...head, dropout: 0 }));
  const isSame = earlier !== undefined && isDeepStrictEqual(makeOf(earlier.config), makeOf(config));
  return isSame ? earlier.weights : new Map();
}
