// Trains the cytoself regressor: from what a finished language model says of a protein to the code that a finished
// cytoself reads off its images, and to the name that cytoself's classifier gives the code. Both stay as they are. An
// image of unknown gene teaches the code of a protein of its compartment, but no name.

import {
  bool,
  compile,
  createTrainer,
  f32,
  float32,
  i32,
  type NdArray,
  type RandomSource,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  type CytoselfRegressorConfig,
  cytoselfRegressionLoss,
  cytoselfRegressor,
  encodeCytoself,
  judgedLevel,
  loadAs,
  regressionClassifierWeight,
  saveSequenceCondition,
  subfolder,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { openCropPixels } from "../../data/atlas/crop-pixels.ts";
import { embeddingBatch } from "../../data/batches/condition-batches.ts";
import { readImageData } from "../../data/batches/image-batches.ts";
import { isKnownPair, type Pair } from "../../data/batches/negative-pairs.ts";
import { embeddingAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { stackCytoselfImages } from "../../training/frozen/cytoself-images.ts";
import {
  type FinishedCytoself,
  readCytoself,
  sequenceModelFiles,
} from "../../training/frozen/finished-models.ts";
import { memoize } from "../../training/frozen/memoize.ts";
import { startingWeights } from "../../training/initial-weights.ts";
import {
  adamWOf,
  loopSchema,
  type PrepareOptions,
  type Scores,
  type TrainingJob,
} from "../../training/loop.ts";
import { type ModelFiles, networkFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import { createPairDraw, pairDataSchema } from "../../training/pairs/pair-batches.ts";
import { projectionSchema } from "../../training/pairs/pair-job.ts";
import { choosePairs, scorePairs } from "../../training/pairs/pair-validation.ts";
import { openProteinSide } from "../../training/pairs/protein-side.ts";

export const cytoclassSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2. */
    plm: pathSchema,
    /** The `model` folder of a run of `train cytoself`. */
    cytoself: pathSchema,
  }),
  /** The code's size is cytoself's. */
  model: projectionSchema.omit({ projectionDims: true }).prefault({}),
  loss: z
    .strictObject({
      /** Weight of the cross-entropy beside the squared error. */
      classifier: z.number().nonnegative().default(regressionClassifierWeight),
    })
    .prefault({}),
  /** As in the training of the denoiser. */
  pairingInverseTemperature: z.number().nonnegative().default(1),
  augment: embeddingAugmentSchema.prefault({}),
  data: pairDataSchema,
  train: loopSchema,
});
export type CytoclassConfig = z.infer<typeof cytoclassSchema>;

const scope = "regressor.";
const frozenScope = "cytoself.";

/** Prepares the training of the regressor on an atlas folder. */
export async function createCytoclassJob(
  runtime: Runtime,
  config: CytoclassConfig,
  folder: string,
  { onRead }: PrepareOptions = {},
): Promise<TrainingJob> {
  const { data, train } = config;
  const pixels = await openCropPixels(folder);
  const { training, validation, proteins } = await readImageData(folder);
  const cytoself = await readCytoself(openFolder(config.models.cytoself));
  const side = await openProteinSide(runtime, proteins, {
    ...{ plm: config.models.plm, pairingInverseTemperature: config.pairingInverseTemperature },
    ...{ seed: train.seed, startFrom: train.startFrom, onRead },
  });
  const { reader, embedder, pairing, condition } = side;
  const codes = await openCodes(runtime, cytoself, pixels.height);
  const embeddingWidth = reader.esm.config.hiddenSize;
  const { bottleneck } = config.model;
  const network: CytoselfRegressorConfig = {
    ...{ proteinEmbeddingDims: embeddingWidth, projectionDims: codes.size, dropout: config.model.dropout },
    esmBottleneck: bottleneck && { ...bottleneck, result: "full" },
  };
  const classes = new Map(cytoself.genes.map((gene, index) => [gene, index]));
  /** Images with their codes and names, beside the embeddings of their proteins. */
  const targetsOf = async (
    pairs: readonly Pair[],
    images: readonly Float32Array[],
    keys: readonly string[],
  ) => {
    const labels = pairs.map((pair) => (isKnownPair(pair) ? classes.get(pair.crop.gene ?? "") : undefined));
    const values = new Float32Array(pairs.length * codes.size);
    for (const [item, image] of images.entries())
      values.set(await codes.encode(image, keys[item]!), item * codes.size);
    return {
      code: float32([pairs.length, codes.size], values),
      labels: {
        dtype: "int32",
        shape: [pairs.length],
        data: Int32Array.from(labels, (label) => label ?? 0),
      } satisfies NdArray,
      labelWeights: float32(
        [pairs.length],
        Float32Array.from(labels, (label) => (label === undefined ? 0 : 1)),
      ),
    };
  };

  const typesOf = (count: number) => ({
    sequence: f32(count, "tokens", embeddingWidth),
    mask: bool(count, "tokens"),
    code: f32(count, codes.size),
    labels: i32(count),
    labelWeights: f32(count),
  });
  const inputTypes = typesOf(data.batchSize);
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const judge = (w: Weights, { sequence, mask, ...targets }: Inputs, random?: RandomSource) => {
    const expected = cytoselfRegressor(w.at("regressor"), network, { sequence, mask }, { random });
    const options = { classifierWeight: config.loss.classifier };
    return {
      expected,
      ...cytoselfRegressionLoss(w.at("cytoself"), cytoself.config, expected, targets, options),
    };
  };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    const { loss, meanSquaredError, crossEntropy } = judge(w, inputs, random);
    return { losses: { cytoclass: loss }, metrics: { meanSquaredError, crossEntropy } };
  };
  const { parameters } = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const declared = new Map([...parameters].filter(([name]) => name.startsWith(scope)));
  const frozen = withPrefix(cytoself.weights, frozenScope);
  const start = await startingWeights(declared, train, async (earlier) =>
    withPrefix((await loadAs("cytoclass", subfolder(earlier, "cytoclass"))).weights, scope),
  );
  const trainer = await createTrainer(runtime, model, inputTypes, {
    groups: { cytoclass: { prefix: scope, ...adamWOf(train) } },
    weights: new Map([...frozen, ...start]),
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
      const targets = await targetsOf(
        pairs,
        crops.map(({ image }) => image),
        crops.map(({ crop, symmetry }) => `${crop.index} ${symmetry}`),
      );
      return [{ ...embeddings, ...targets }];
    },
    best: { score: "loss", mode: "min" },
    async validate() {
      const weights = new Map([...frozen, ...(await averaged())]);
      const program = await compile(
        runtime,
        (w, inputs) => {
          const { expected, meanSquaredError: error, crossEntropy, logits } = judge(w, inputs);
          return { expected, error, crossEntropy, logits };
        },
        typesOf(1),
        { weights },
      );
      try {
        const rows: JudgedPair[] = [];
        for (const pair of judged) {
          const { data: image } = await pixels.read(pair.crop.index);
          const targets = await targetsOf([pair], [image], [`${pair.crop.index} 0`]);
          const embeddings = await embeddingBatch([pair.protein], embedder, { embeddingWidth });
          const outputs = await program.run({ ...embeddings, ...targets });
          const isNamed = targets.labelWeights.data[0] === 1;
          const logits = outputs.logits.data as Float32Array;
          rows.push({
            ...{ code: targets.code.data as Float32Array, expected: outputs.expected.data as Float32Array },
            error: (outputs.error.data as Float32Array)[0]!,
            crossEntropy: isNamed ? (outputs.crossEntropy.data as Float32Array)[0]! : undefined,
            isRight: logits[Number(targets.labels.data[0])] === Math.max(...logits),
          });
        }
        return scoreCodes(judged, rows, config.loss.classifier);
      } finally {
        await program.close();
      }
    },
    async files(): Promise<ModelFiles> {
      const weights = withoutPrefix(await averaged(), scope);
      return new Map<string, Uint8Array | string>([
        ...networkFiles("cytoclass", { architecture: "cytoclass", config: network, weights }),
        ...saveSequenceCondition(condition),
        ...(await sequenceModelFiles(config.models.plm, reader)),
      ]);
    },
    async close() {
      await embedder.close();
      await codes.close();
    },
  };
}

const keptCodes = 20_000; // of 4 kB each

/** The code of an image [3, N, N] at the level that is regressed, as one array; `key` tells it from all others. */
async function openCodes(runtime: Runtime, { config, weights, view }: FinishedCytoself, side: number) {
  const [channels, height, width] = config.inputShape;
  const program = await compile(
    runtime,
    (w, { images }) => {
      const levels = encodeCytoself(w, config, images, { training: false });
      return { code: levels[judgedLevel(config) - 1]!.vectors };
    },
    { images: f32(1, channels, height, width) },
    { weights },
  );
  const encode = async (image: Float32Array, _key: string): Promise<Float32Array> => {
    const { code } = await program.run({ images: stackCytoselfImages([image], side, view) });
    return code.data as Float32Array;
  };
  const size = (await encode(new Float32Array(3 * side * side), "")).length;
  return { size, encode: memoize(encode, (_, key) => key, keptCodes), close: () => program.close() };
}

interface JudgedPair {
  readonly code: Float32Array;
  readonly expected: Float32Array;
  readonly error: number;
  /** Where the protein is known. */
  readonly crossEntropy: number | undefined;
  readonly isRight: boolean;
}

/** `loss` as in training, its terms, the share of known proteins named right, and retrieval by distance of the codes. */
function scoreCodes(pairs: readonly Pair[], rows: readonly JudgedPair[], classifierWeight: number): Scores {
  if (rows.length === 0) return {};
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const named = rows.filter(({ crossEntropy }) => crossEntropy !== undefined);
  const meanSquaredError = mean(rows.map(({ error }) => error));
  const crossEntropy = named.length === 0 ? 0 : mean(named.map((row) => row.crossEntropy!));
  const similarities = rows.map(({ code }) =>
    Float32Array.from(rows, ({ expected }) => -code.reduce((sum, x, i) => sum + (x - expected[i]!) ** 2, 0)),
  );
  return {
    ...{ loss: meanSquaredError + classifierWeight * crossEntropy, meanSquaredError },
    ...(named.length > 0 && { crossEntropy, accuracy: mean(named.map(({ isRight }) => Number(isRight))) }),
    ...scorePairs(pairs, similarities),
  };
}
