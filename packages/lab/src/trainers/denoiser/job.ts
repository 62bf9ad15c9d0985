// Trains the denoiser in the latent space of a finished autoencoder, on what a finished language model says of the
// sequence and the nuclear distance. What is measured on the training data (scales of latents and distance, image variance) is
// stored with the model, and both finished networks with it, so that what a run leaves draws pictures.

import { join } from "node:path";
import {
  bool,
  createTrainer,
  f32,
  i32,
  type NdArray,
  type RandomSource,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  diffusionLoss,
  type FileSource,
  linearNoiseSchedule,
  loadAs,
  noiseScheduleDefaults,
  predictionTypes,
  saveExtraConditions,
  saveHomologs,
  savePipeline,
  saveSequenceCondition,
  sequenceInputs,
  subfolder,
  type UnetConfig,
} from "@proteoscope/models";
import { openFolder } from "@proteoscope/models/node";
import { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { homologsOf } from "../../data/atlas/homologs.ts";
import { measureImages } from "../../data/atlas/image-statistics.ts";
import { isRealCell } from "../../data/atlas/tables.ts";
import { conditionBatch } from "../../data/batches/condition-batches.ts";
import { chooseCrops, createImageBatches } from "../../data/batches/image-batches.ts";
import { openTrainingImages, simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { sequenceModelFiles } from "../../training/frozen/finished-models.ts";
import { createLatentCoder } from "../../training/frozen/latents.ts";
import { readTensors, startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type PrepareOptions, type TrainingJob } from "../../training/loop.ts";
import { jsonText, type ModelFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import { openProteinSide } from "../../training/pairs/protein-side.ts";
import { denoiserParts, trainPart } from "../../training/trained-part.ts";
import { readSequences } from "../language-model/job.ts";
import { extraSchema, extraScope, openExtraSide } from "./context.ts";
import { drawSamples, validateDenoiser } from "./validate.ts";

const blockKind = z.enum(["plain", "attention"]);

export const diffusionSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`. */
    plm: pathSchema,
    /** The `model` folder of a run of `train autoencoder`. */
    autoencoder: pathSchema,
  }),
  model: z.strictObject({
    /** From the latent inwards. */
    blockOutChannels: z.array(z.int().positive()).min(2),
    /** Whether a level looks at itself and the sequence; the innermost block always does. */
    blocks: z.array(blockKind),
    layersPerBlock: z.int().positive(),
    attentionHeads: z.int().positive(),
    normNumGroups: z.int().positive(),
  }),
  /** Share of samples that are trained without their sequence. */
  conditioningDropout: z.number().min(0).max(1),
  /**
   * Share of samples that are told their own compartments with another protein's residues. A denoiser learns few
   * proteins' residues by heart; of a protein that it has never seen, what is read off the residues says more.
   */
  residueSwapProbability: z.number().min(0).max(1).default(0),
  /** Steps over which the share with their sequence grows from none to what `conditioning_dropout` leaves. */
  conditioningWarmupSteps: z.int().nonnegative().default(0),
  /** Only what the sequence enters by, on an earlier run's denoiser, or all but that, without any sequence. */
  trained: z.enum(denoiserParts).default("all"),
  /** What is told of a sequence; all but "full" are there to be compared with. */
  sequenceInput: z.enum(sequenceInputs).default("full"),
  /** Whether what is known of a protein's relatives among the training proteins is told with the head's logits. */
  homologs: z.boolean().default(false),
  /**
   * How sharply the model decides which compartment to draw: it is told what is typical of compartments, mixed by their
   * probability to this power, in place of the head's logits. 0: not at all.
   */
  targetInverseTemperature: z.number().min(0).max(1000).default(0),
  /** Share of samples that are told so in training, of their image's compartments; all others are told the logits as they are. */
  prototypeProbability: z.number().min(0).max(1).default(0),
  /** What is told beside it. */
  extra: extraSchema.prefault({}),
  /**
   * What the denoiser learns to answer. Where there is much noise, and what kind of image it becomes is decided, an error
   * in predicted noise is an error many times as large in the image, and one in the velocity is not.
   */
  prediction: z.enum(predictionTypes).default("epsilon"),
  /**
   * An image of unknown gene goes with a protein of its compartment, drawn by the localization head's probability of
   * that compartment to this power: above 0, by those whose sequence tells where they are.
   */
  pairingInverseTemperature: z.number().nonnegative().default(1),
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type DiffusionConfig = z.infer<typeof diffusionSchema>;

const scaleCropCount = 128;

/** Prepares the training of the denoiser on an atlas folder. */
export async function createDiffusionJob(
  runtime: Runtime,
  config: DiffusionConfig,
  folder: string,
  { onRead }: PrepareOptions = {},
): Promise<TrainingJob> {
  const {
    data,
    train,
    conditioningDropout,
    residueSwapProbability,
    prototypeProbability,
    conditioningWarmupSteps,
  } = config;
  checkOptions(config);
  const { pixels, training, validation, proteins } = await openTrainingImages(folder, data);
  const autoencoder = await loadAs("autoencoder", openFolder(join(config.models.autoencoder, "vae")));
  const side = pixels.height;
  const homologs = config.homologs ? homologsOf((await readSequences(folder)).get("train") ?? []) : undefined;
  const { sequenceInput: input, pairingInverseTemperature, targetInverseTemperature } = config;
  const { reader, embedder, pairing, condition } = await openProteinSide(runtime, proteins, {
    ...{ plm: config.models.plm, startFrom: train.startFrom, input, homologs },
    ...{ pairingInverseTemperature, targetInverseTemperature, seed: train.seed, onRead },
  });
  if (reader.head === undefined)
    throw new ConfigError(
      `models.plm: ${config.models.plm} has no localization head, which a model that draws needs: give a run of train plm`,
    );
  const extra = await openExtraSide(config.extra, { crops: training, tokenWidth: embedder.width });
  const coder = await createLatentCoder(runtime, autoencoder, side);
  const { embed, prototypes } = embedder;
  const sources = { embed, prototypes, encode: coder.encode, encodeContext: extra?.encode };

  const isPaired = (crop: (typeof training)[number]) => pairing.pairedProtein(crop, 0) !== undefined;
  const shown = training.filter(isPaired);
  const { distanceScale, imageVariance } = await measureImages(training, pixels);
  const measured = chooseCrops(shown.filter(isRealCell), scaleCropCount, train.seed);
  const latents = await Promise.all(
    measured.map(async ({ index }) => {
      const { data: image } = await pixels.read(index);
      return (await coder.encode(image.subarray(0, 2 * side * side), `${index} 0`)).mean;
    }),
  );
  const unet = unetConfigOf(config, embedder.width, autoencoder.config.latentChannels, coder.latentSide);
  const options = {
    side,
    latentSide: coder.latentSide,
    latentChannels: unet.outChannels,
    embeddingWidth: unet.crossAttentionDim,
    latentScale: deviationOf(latents),
    distanceScale,
    seed: train.seed,
    ...{ conditioningDropout, residueSwapProbability, prototypeProbability, conditioningWarmupSteps },
    timesteps: noiseScheduleDefaults.numTrainTimesteps,
  };

  const latentShape = [data.batchSize, unet.outChannels, coder.latentSide, coder.latentSide] as const;
  const inputTypes = {
    latents: f32(...latentShape),
    distance: f32(data.batchSize, 1, coder.latentSide, coder.latentSide),
    sequence: f32(data.batchSize, "tokens", unet.crossAttentionDim),
    mask: bool(data.batchSize, "tokens"),
    isDropped: bool(data.batchSize),
    timestep: i32(data.batchSize),
    ...extra?.inputTypes(data.batchSize),
  };
  const noiseSchedule = { ...noiseScheduleDefaults, predictionType: config.prediction };
  const schedule = linearNoiseSchedule(noiseSchedule);
  type Inputs = { readonly [K in keyof typeof inputTypes]: Tensor };
  const model = (w: Weights, inputs: Inputs, random: RandomSource) => {
    const noise = random.normal("noise", latentShape);
    const sequence = extra === undefined ? inputs.sequence : extra.addTokens(w, inputs);
    return { losses: { diffusion: diffusionLoss(w, unet, schedule, { ...inputs, sequence, noise }).loss } };
  };
  const declared = trace((w, inputs: Inputs, random) => model(w, inputs, random).losses, inputTypes);
  const start = await startingWeights(declared.parameters, train, readDenoiser);
  const part = trainPart(config.trained, start);
  const trainer = await createTrainer(
    runtime,
    (w, inputs: Inputs, random) => model(part.scope(w), inputs, random),
    inputTypes,
    {
      groups: { diffusion: { prefix: part.prefix, ...adamWOf(train) } },
      weights: part.rename(start),
      seed: train.seed,
    },
  );
  // Every orientation is a picture to encode, and of simulated cells there are enough.
  const drawn = { seed: train.seed, totalSteps: train.steps, turnsSimulated: false };
  const draw = createImageBatches(shown, pixels, { ...data, ...drawn });
  const probe = {
    ...{ pixels, pairing, sources, coder, schedule, unet, options, extra },
    crops: chooseCrops(validation.filter(isPaired), data.validationCount, train.seed),
  };
  const averaged = async () => part.complete(await trainer.weights({ average: true }));
  return {
    trainer,
    config: train,
    batches: async (step) => [await conditionBatch(step, await draw(step), pairing, sources, options)],
    validate: async () => validateDenoiser(runtime, await averaged(), probe),
    samples: async () => drawSamples(runtime, await averaged(), probe),
    async files(): Promise<ModelFiles> {
      const weights = await averaged();
      const own = new Map([...weights].filter(([name]) => !name.startsWith(extraScope)));
      const pipeline = savePipeline({
        unet: { architecture: "unet", config: unet, weights: own },
        autoencoder,
        noiseSchedule,
      });
      const index = JSON.parse(new TextDecoder().decode(pipeline.get("model_index.json")));
      const constants = {
        ...{ latentScale: options.latentScale, distanceScale, imageVariance },
        ...{ pixelSizeMicrons, cropPixels: side, windowResidues: reader.windowResidues },
      };
      return new Map<string, Uint8Array | string>([
        ...pipeline,
        ["model_index.json", jsonText({ ...index, proteoscope: constants })],
        ...saveSequenceCondition(condition),
        ...(homologs === undefined ? [] : saveHomologs(homologs)),
        ...(extra === undefined
          ? []
          : saveExtraConditions({ ...extra, weights: withoutPrefix(weights, extraScope) })),
        ...(await sequenceModelFiles(config.models.plm, reader)),
      ]);
    },
    async close() {
      await embedder.close();
      await coder.close();
    },
  };
}

const pixelSizeMicrons = 0.4126; // of every crop of an atlas

/** @throws ConfigError where what is not trained would never have been, or what is swapped or decided is not told. */
function checkOptions(config: DiffusionConfig): void {
  const {
    trained,
    train,
    conditioningDropout,
    residueSwapProbability,
    targetInverseTemperature,
    prototypeProbability,
    sequenceInput,
  } = config;
  if (prototypeProbability > 0 && targetInverseTemperature === 0)
    throw new ConfigError("prototype_probability: nothing is decided: give target_inverse_temperature");
  if (trained === "only_cross_attention" && train.startFrom === undefined)
    throw new ConfigError("trained: only_cross_attention needs a denoiser: give train.start_from");
  if (trained === "all_but_cross_attention" && conditioningDropout < 1)
    throw new ConfigError(
      "trained: all_but_cross_attention learns without sequences: give conditioning_dropout=1",
    );
  if (sequenceInput !== "one_hot" && sequenceInput !== "random") return;
  for (const [name, value] of Object.entries({
    residue_swap_probability: residueSwapProbability,
    target_inverse_temperature: targetInverseTemperature,
  }))
    if (value > 0)
      throw new ConfigError(`${name}: with sequence_input ${sequenceInput} no compartments are told: give 0`);
}

/** The weights of an earlier run, under the trainer's names. */
async function readDenoiser(folder: FileSource): Promise<ReadonlyMap<string, NdArray>> {
  const { weights } = await loadAs("unet", subfolder(folder, "unet"));
  const extra = (await folder.exists("extra/config.json"))
    ? await readTensors(subfolder(folder, "extra"))
    : [];
  return new Map([...weights, ...withPrefix(new Map(extra), extraScope)]);
}

function unetConfigOf(
  { model }: DiffusionConfig,
  width: number,
  latentChannels: number,
  sampleSize: number,
): UnetConfig {
  const { blockOutChannels, blocks, layersPerBlock, attentionHeads, normNumGroups } = model;
  if (blocks.length !== blockOutChannels.length) {
    throw new ConfigError("model.blocks and model.block_out_channels differ in length: give one a level");
  }
  return {
    ...{ sampleSize, blockOutChannels, layersPerBlock, normNumGroups, normEps: 1e-5 },
    inChannels: latentChannels + 1,
    outChannels: latentChannels,
    downBlockTypes: blocks.map((kind) => (kind === "attention" ? "CrossAttnDownBlock2D" : "DownBlock2D")),
    upBlockTypes: blocks
      .toReversed()
      .map((kind) => (kind === "attention" ? "CrossAttnUpBlock2D" : "UpBlock2D")),
    crossAttentionDim: width,
    timeCondProjDim: width,
    attentionHeadDim: attentionHeads,
  };
}

function deviationOf(arrays: readonly Float32Array[]): number {
  const count = arrays.reduce((total, array) => total + array.length, 0);
  const sumOf = (value: (x: number) => number) =>
    arrays.reduce((total, array) => total + array.reduce((sum, x) => sum + value(x), 0), 0);
  const mean = sumOf((x) => x) / count;
  return Math.sqrt(sumOf((x) => (x - mean) ** 2) / count);
}
