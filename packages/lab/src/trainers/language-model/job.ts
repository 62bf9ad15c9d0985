// Trains the protein language model: hidden residues and compartments at once, from sequences of all kingdoms.
// Both tasks see the same masked sequences. A label that names the nucleus or the cytoplasm as a whole asks for any
// of its parts: 1 - product of (1 - p), so that Swiss-Prot's proteins teach without pretending to resolve.

import {
  add,
  compile,
  createGenerator,
  createTrainer,
  div,
  exp,
  i32,
  log,
  maximum,
  mul,
  type NdArray,
  neg,
  type RandomSource,
  type Runtime,
  sigmoid,
  slice,
  softplus,
  sub,
  sum,
  type Tensor,
  trace,
  vector,
  type Weights,
} from "@proteoscope/engine";
import {
  type Esm2Config,
  esm2Config,
  type FileSource,
  type LocalizationHeadConfig,
  languageModelHead,
  loadAs,
  localizationLoss,
  maskedTokenLoss,
  readSequence,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import { compartmentGroups, compartments, sequenceTargets } from "../../data/atlas/compartments.ts";
import { type SequenceSplit, type SplitOptions, splitSequences } from "../../data/atlas/splits.ts";
import { type Protein, readLocalisation, readProteins } from "../../data/atlas/tables.ts";
import { openSequenceAugmentation, sequenceAugmentSchema } from "../../data/batches/sequence-augment.ts";
import {
  createSequenceBatches,
  edgeTokens,
  maskedBatch,
  targetTypes,
} from "../../data/batches/sequence-batches.ts";
import { scoreLocalization } from "../../evaluate/measures/localization-scores.ts";
import { readTensors, startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type Scores, type TrainingJob } from "../../training/loop.ts";
import { headFiles, type ModelFiles, networkFiles } from "../../training/model-files.ts";

export const plmSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    numHiddenLayers: z.int().positive(),
    numAttentionHeads: z.int().positive(),
    hiddenDropoutProb: z.number().min(0).max(0.9).default(0),
    /** The language model stays as `train.start_from` has it; the head alone is trained, on representations that are kept. */
    frozen: z.boolean().default(false),
  }),
  head: z.strictObject({
    hiddenSize: z.int().positive(),
    attentionHeads: z.int().positive(),
    terminusWindow: z.int().positive(),
    /** Patterns of residues that the head reads itself; batches must then be of one length. */
    motifs: z
      .strictObject({
        widths: z.array(z.int().positive()).min(1),
        channels: z.int().positive(),
        size: z.int().positive(),
      })
      .optional(),
    dropout: z.number().min(0).max(0.9),
  }),
  data: z.strictObject({
    /** Token lengths of batches, ascending. */
    lengths: z.array(z.int().min(8)).min(1),
    batchSize: z.int().positive(),
    maskRate: z.number().min(0).max(1).default(0.15),
    /** How often a sequence is drawn, relative to one that is not human. */
    weightOfHuman: z.number().positive(),
    weightOfOpencell: z.number().positive(),
    validationCount: z.int().positive(),
    /** Memory for the representations of a frozen language model. */
    cacheGigabytes: z.number().nonnegative().default(4),
  }),
  augment: sequenceAugmentSchema.prefault({}),
  loss: z.strictObject({
    localization: z.number().nonnegative(),
    /** Rare compartments count more, by the square root of their rarity, up to this. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type PlmConfig = z.infer<typeof plmSchema>;

/** Proteins of the language model, by what may be done with them; the human table's Swiss-Prot rows are doubles. */
export async function readSequences(
  folder: string,
  options: SplitOptions = {},
): Promise<ReadonlyMap<SequenceSplit, readonly Protein[]>> {
  const all = [...(await readProteins(folder)), ...(await readLocalisation(folder))];
  const bySplit = new Map<SequenceSplit, Protein[]>();
  for (const [index, split] of splitSequences(all, options).entries()) {
    if (all[index]!.source === "deeploc2-human") continue;
    const members = bySplit.get(split) ?? [];
    members.push(all[index]!);
    bySplit.set(split, members);
  }
  return bySplit;
}

/** Prepares the training of the language model on an atlas folder. */
export async function createPlmJob(
  runtime: Runtime,
  config: PlmConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, train } = config;
  const { training, drawWeights, validation, positiveWeights } = await readPlmData(config, folder);
  const model = { esm: esmConfigOf(config), head: headConfigOf(config) };

  const tokens = data.lengths.length === 1 ? data.lengths[0]! : "tokens";
  const inputTypes = {
    inputIds: i32(data.batchSize, tokens),
    labels: i32(data.batchSize, tokens),
    ...targetTypes(data.batchSize),
  };
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const losses = (w: Weights, inputs: Inputs, random?: RandomSource) => {
    const { tokenLogits, compartmentLogits } = network(w, model, inputs.inputIds, random);
    return {
      tokens: maskedTokenLoss(tokenLogits, inputs.labels),
      localization: compartmentLoss(compartmentLogits, inputs, positiveWeights),
    };
  };

  const declared = trace((w, inputs: Inputs) => losses(w, inputs), inputTypes);
  const trainer = await createTrainer(
    runtime,
    (w, inputs: Inputs, random) => {
      const { tokens, localization } = losses(w, inputs, random);
      return {
        losses: { plm: add(tokens, mul(localization, config.loss.localization)) },
        metrics: { tokens, localization },
      };
    },
    inputTypes,
    {
      groups: { plm: { prefix: "", ...adamWOf(train) } },
      weights: await startingWeights(declared.parameters, train, readPlmWeights),
      seed: train.seed,
    },
  );
  const batch = createSequenceBatches(training, {
    ...data,
    weights: drawWeights,
    seed: train.seed,
    augmentation: await openSequenceAugmentation(config.augment, training, train.seed),
  });
  return {
    trainer,
    config: train,
    batches: async (step) => [batch(step)],
    best: { score: "macroAveragePrecision", mode: "max" },
    validate: async () =>
      validate(runtime, await trainer.weights({ average: true }), model, validation, config),
    files: async () => plmFiles(model, await trainer.weights({ average: true }), config),
  };
}

export interface PlmData {
  readonly training: readonly Protein[];
  /** How often each of them is drawn. */
  readonly drawWeights: readonly number[];
  readonly validation: readonly Protein[];
  /** A compartment each. */
  readonly positiveWeights: readonly number[];
}

/** The proteins of an atlas folder, as a run has them. */
export async function readPlmData({ data, loss, train }: PlmConfig, folder: string): Promise<PlmData> {
  const splits = await readSequences(folder);
  const training = splits.get("train") ?? [];
  return {
    training,
    drawWeights: drawWeights(training, data),
    validation: chooseValidation(splits.get("calibration") ?? [], data.validationCount, train.seed),
    positiveWeights: rarityWeights(training, loss.maxPositiveWeight),
  };
}

/** How often each protein is drawn, relative to one that is not human. */
export function drawWeights(
  proteins: readonly Protein[],
  { weightOfHuman, weightOfOpencell }: Pick<PlmConfig["data"], "weightOfHuman" | "weightOfOpencell">,
): number[] {
  return proteins.map(({ source, isHuman }) =>
    source === "opencell" ? weightOfOpencell : isHuman ? weightOfHuman : 1,
  );
}

/** The model folder: the language model and its head. */
export function plmFiles(
  model: NetworkConfig,
  weights: ReadonlyMap<string, NdArray>,
  { data }: PlmConfig,
): ModelFiles {
  const isHead = (name: string) => name.startsWith("localization.");
  const head = new Map([...weights].filter(([name]) => isHead(name)));
  const plm = new Map([...weights].filter(([name]) => !isHead(name)));
  const headConfig = { ...model.head, windowResidues: data.lengths.at(-1)! - edgeTokens };
  return new Map([
    ...networkFiles("plm", { architecture: "esm2", config: model.esm, weights: plm }),
    ...headFiles("localization", headConfig, head),
  ]);
}

async function readPlmWeights(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const { weights } = await loadAs("esm2", subfolder(folder, "plm"));
  return new Map([...weights, ...(await readTensors(subfolder(folder, "localization")))]);
}

interface NetworkConfig {
  readonly esm: Esm2Config;
  readonly head: LocalizationHeadConfig;
}

function esmConfigOf({ model }: PlmConfig): Esm2Config {
  return esm2Config(model);
}

export function headConfigOf({ head }: PlmConfig): LocalizationHeadConfig {
  return { labels: compartments, ...head };
}

/** inputIds [B, L] -> logits of tokens [B, L, vocab] and of compartments [B, labels]. */
function network(w: Weights, model: NetworkConfig, inputIds: Tensor, random?: RandomSource) {
  const { representation, compartmentLogits } = readSequence(w, model, inputIds, { random });
  return {
    tokenLogits: languageModelHead(w, model.esm, representation),
    compartmentLogits: compartmentLogits!,
  };
}

/** Of the logits [B, compartments], for single compartments and for wholes. */
export function compartmentLoss(
  logits: Tensor,
  inputs: Readonly<Record<"targets" | "known" | "groupTargets" | "groupKnown", Tensor>>,
  positiveWeights: readonly number[],
): Tensor {
  const { targets, known, groupTargets, groupKnown } = inputs;
  return add(
    localizationLoss(logits, targets, known, { positiveWeights }),
    wholeLoss(logits, groupTargets, groupKnown),
  );
}

/** Mean of -log P(any part), or -log P(none), over the groups that are known; logits [B, compartments]. */
export function wholeLoss(logits: Tensor, targets: Tensor, known: Tensor): Tensor {
  const unlikely = 1e-6; // keeps the logarithm finite
  const absent = softplus(logits); // -log(1 - p)
  const losses = compartmentGroups.map(({ members }, group) => {
    const isMember = vector(compartments.map((name) => (members.includes(name) ? 1 : 0)));
    const none = sum(mul(absent, isMember), { axes: [1], keepDims: true }); // [B, 1] -log P(none)
    const any = neg(log(add(sub(1, exp(neg(none))), unlikely)));
    const column = (x: Tensor) => slice(x, 1, group, group + 1);
    const target = column(targets);
    return sum(mul(add(mul(any, target), mul(none, sub(1, target))), column(known)));
  });
  return div(losses.reduce(add), maximum(sum(known), 1));
}

/** sqrt(without / with), at least 1 and at most `largest`, a compartment each. */
export function rarityWeights(proteins: readonly Protein[], largest: number): number[] {
  const rows = proteins.map(sequenceTargets);
  return compartments.map((_, index) => {
    const known = rows.filter((row) => row.known[index] === 1);
    const positives = known.filter((row) => row.targets[index] === 1).length;
    return Math.min(largest, Math.max(1, Math.sqrt((known.length - positives) / Math.max(positives, 1))));
  });
}

/** Human proteins and OpenCell's, as the model will be asked about; drawn once. */
export function chooseValidation(proteins: readonly Protein[], count: number, seed: number): Protein[] {
  const human = proteins.filter(({ isHuman }) => isHuman);
  const order = createGenerator(seed, "validation").shuffle(human.length);
  return Array.from(order.subarray(0, count), (index) => human[index]!);
}

/** Scores of probabilities [proteins][compartments]. */
export function compartmentScores(
  probabilities: readonly Float32Array[],
  proteins: readonly Protein[],
): Scores {
  const targets = proteins.map(sequenceTargets);
  const { byLabel, macroAveragePrecision, macroF1 } = scoreLocalization(probabilities, targets);
  const named = Object.entries(byLabel).map(([name, { averagePrecision }]) => [
    `averagePrecision.${name}`,
    averagePrecision,
  ]);
  return { macroAveragePrecision, macroF1, ...Object.fromEntries(named) };
}

/** Of hidden residues the loss, of whole sequences the compartments. */
async function validate(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  model: NetworkConfig,
  proteins: readonly Protein[],
  { data, train }: PlmConfig,
): Promise<Scores> {
  const types = { inputIds: i32("batch", "tokens"), labels: i32("batch", "tokens") };
  const program = await compile(
    runtime,
    (w, { inputIds, labels }) => {
      const { tokenLogits, compartmentLogits } = network(w, model, inputIds);
      return { tokens: maskedTokenLoss(tokenLogits, labels), probabilities: sigmoid(compartmentLogits) };
    },
    types,
    { weights },
  );
  try {
    const length = data.lengths.at(-1)!;
    const probabilities: Float32Array[] = [];
    let tokenLoss = 0;
    for (let begin = 0; begin < proteins.length; begin += data.batchSize) {
      const part = proteins.slice(begin, begin + data.batchSize);
      const uniform = createGenerator(train.seed, "validation", begin).uniform(3 * part.length * length);
      const hidden = await program.run(maskedBatch(part, length, uniform, data.maskRate));
      tokenLoss += ((hidden.tokens.data as Float32Array)[0]! * part.length) / proteins.length;
      const shown = await program.run(maskedBatch(part, length, uniform, 0));
      const rows = shown.probabilities.data as Float32Array;
      for (let row = 0; row < part.length; row++) {
        probabilities.push(rows.slice(row * compartments.length, (row + 1) * compartments.length));
      }
    }
    return { tokens: tokenLoss, ...compartmentScores(probabilities, proteins) };
  } finally {
    await program.close();
  }
}
