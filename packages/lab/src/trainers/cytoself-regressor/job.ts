// Trains the cytoself regressor: from what a finished language model makes of a protein to the code that a finished cytoself
// computes from its images, and to the name that cytoself's classifier gives the code. Both stay as they are. An image of
// unknown gene is an example of the code of a protein of its compartment, but of no name.

import { type CytoselfRegressorConfig, loadAs, saveSequenceCondition, subfolder } from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { unseenPairs } from "../../data/batches/paired-crops.ts";
import { openTrainingImages } from "../../data/batches/training-images.ts";
import { createTrainingJob, defineTrainer, type Preparation } from "../../training/define-trainer.ts";
import { readCytoself, sequenceModelFiles } from "../../training/frozen/finished-models.ts";
import type { TrainingJob } from "../../training/loop.ts";
import { networkFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import { createPairSampler } from "../../training/pairs/pair-sampler.ts";
import { choosePairs } from "../../training/pairs/pair-validation.ts";
import { openProteinSide } from "../../training/pairs/protein-side.ts";
import { validateBoth } from "../../training/validation-sets.ts";
import { openCodes } from "./codes.ts";
import { type CytoclassConfig, cytoclassSchema } from "./config.ts";
import { frozenScope, type RegressorNetwork, regress, regressorInputs, scope } from "./network.ts";
import { validateRegressor } from "./validate.ts";

export const cytoclass = defineTrainer("cytoclass", cytoclassSchema, prepare);

async function prepare(preparation: Preparation<CytoclassConfig>): Promise<TrainingJob> {
  const { runtime, config, atlas, onRead, cacheDir } = preparation;
  const { data, train, pairingInverseTemperature } = config;
  const { plm } = config.models;
  const images = await openTrainingImages(atlas, data);
  const { pixels, validation, proteins } = images;
  const cytoself = await readCytoself(openFolder(config.models.cytoself));
  const side = await openProteinSide(runtime, proteins, {
    ...{ plm, pairingInverseTemperature, onRead, cacheDir },
    ...{ seed: train.seed, startFrom: train.startFrom },
  });
  const { embedder, pairing } = side;
  const codes = await openCodes(runtime, cytoself, pixels.height);
  const network: RegressorNetwork = {
    regressor: networkOf(config, embedder.width, codes.size),
    cytoself: cytoself.config,
    classifierWeight: config.loss.classifier,
  };
  const samplePairs = await createPairSampler(config, images, side);
  const pairs = choosePairs(validation, pairing, { count: data.validationCount, seed: train.seed });
  const unseen = unseenPairs(images, { count: data.validationCount, seed: train.seed });
  return createTrainingJob(preparation, {
    inputs: regressorInputs(data.batchSize, embedder.width, codes.size),
    model(w, inputs, random) {
      const { loss, meanSquaredError, crossEntropy } = regress(w, network, inputs, random);
      return { losses: { cytoclass: loss }, metrics: { meanSquaredError, crossEntropy } };
    },
    groups: { cytoclass: { prefix: scope } },
    frozen: withPrefix(cytoself.weights, frozenScope),
    earlierWeights: async (folder) =>
      withPrefix((await loadAs("cytoclass", subfolder(folder, "cytoclass"))).weights, scope),
    async batch(index) {
      const { crops, pairs, embeddings } = await samplePairs(index);
      const targets = await codes.targets(
        pairs,
        crops.map(({ image }) => image),
        crops.map(({ crop, symmetry }) => `${crop.index} ${symmetry}`),
      );
      return { ...embeddings, ...targets };
    },
    validate(weights, log) {
      const score = (pairs: readonly Pair[]) =>
        validateRegressor(runtime, weights, network, { pairs, pixels, codes, embedder });
      return validateBoth(score, pairs, "unseen", unseen, log);
    },
    best: { score: "loss", mode: "min" },
    async files(weights) {
      const own = { config: network.regressor, weights: withoutPrefix(weights, scope) };
      return new Map([
        ...networkFiles("cytoclass", { architecture: "cytoclass", ...own }),
        ...saveSequenceCondition(side.condition),
        ...(await sequenceModelFiles(plm, side.reader)),
      ]);
    },
    async close() {
      await embedder.close();
      await codes.close();
    },
  });
}

function networkOf(
  { model: { dropout, bottleneck } }: CytoclassConfig,
  proteinEmbeddingDims: number,
  projectionDims: number,
): CytoselfRegressorConfig {
  return {
    proteinEmbeddingDims,
    projectionDims,
    dropout,
    esmBottleneck: bottleneck && { ...bottleneck, result: "full" },
  };
}
