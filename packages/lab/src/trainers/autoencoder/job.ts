// Trains the autoencoder: images of protein and nucleus to latents and back, by absolute and squared error, perceptual
// distance and an adversary that begins when the reconstructions are fair; what has weight 0 is not computed. The
// perceptual network is the user's file: its weights are others' work and do not ship.

import { readFile } from "node:fs/promises";
import {
  compile,
  createTrainer,
  f32,
  type NdArray,
  type RandomSource,
  type Runtime,
  type Tensor,
  type Tensors,
  type TrainingGroup,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { readSafetensors } from "@proteoscope/formats";
import { drawGrid } from "@proteoscope/imaging";
import {
  type AutoencoderKlConfig,
  autoencoderLosses,
  decode,
  encode,
  loadAs,
  type PerceptualAdversarialConfig,
  reconstructionLosses,
  subfolder,
} from "@proteoscope/models";
import { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import { chooseCrops, createImageBatches, stackChannels } from "../../data/batches/image-batches.ts";
import { openTrainingImages, simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { createLatentCoder } from "../../training/frozen/latents.ts";
import { startingWeights } from "../../training/initial-weights.ts";
import { adamWOf, loopSchema, type Scores, type TrainingJob } from "../../training/loop.ts";
import { networkFiles, withoutPrefix, withPrefix } from "../../training/model-files.ts";
import { autoencoderParts, trainPart } from "../../training/trained-part.ts";

export const autoencoderSchema = z.strictObject({
  model: z.strictObject({
    latentChannels: z.int().positive(),
    /** From the image inwards; three levels halve the sides twice. */
    blockOutChannels: z.array(z.int().positive()).length(3),
    layersPerBlock: z.int().positive(),
    normNumGroups: z.int().positive(),
  }),
  loss: z.strictObject({
    pixelWeight: z.number().nonnegative(),
    /** Of the squared error, beside the absolute one. */
    squaredWeight: z.number().nonnegative().default(0),
    perceptualWeight: z.number().nonnegative(),
    /** A safetensors file of LPIPS with SqueezeNet 1.1; needed unless perceptualWeight is 0. */
    perceptualFile: pathSchema.optional(),
    klWeight: z.number().nonnegative(),
    /** 0 trains without a discriminator. */
    discriminatorWeight: z.number().nonnegative(),
    discriminator: z.strictObject({ baseChannels: z.int().positive(), layers: z.int().positive() }),
    /** Step at which the discriminator begins to learn and to count. */
    adversarialStart: z.int().nonnegative(),
  }),
  /** The decoder alone leaves the latents of the run it starts from, and what was trained on them. */
  trained: z.enum(autoencoderParts).default("all"),
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type AutoencoderConfig = z.infer<typeof autoencoderSchema>;

interface TrainingLosses {
  readonly losses: Readonly<Record<string, Tensor>>;
  readonly metrics: Tensors;
}

/** Channels of the crops that the autoencoder sees: protein and nucleus. */
export const autoencodedChannels = [0, 1];

/** Prepares the training of the autoencoder on an atlas folder. */
export async function createAutoencoderJob(
  runtime: Runtime,
  config: AutoencoderConfig,
  folder: string,
): Promise<TrainingJob> {
  const { data, loss, train, trained } = config;
  if (trained === "decoder" && train.startFrom === undefined)
    throw new ConfigError("trained: decoder needs an encoder: give train.start_from");
  const perceptual = await readPerceptualWeights(config);
  const { pixels, training, validation } = await openTrainingImages(folder, data);
  const side = pixels.height;
  const networks = { autoencoder: autoencoderConfigOf(config), loss: lossConfigOf(config) };
  const chosen = chooseCrops(validation, data.validationCount, train.seed);

  const inputTypes = {
    images: f32(data.batchSize, autoencodedChannels.length, side, side),
    adversarialFactor: f32(),
  };
  const latentSide = Math.floor(Math.floor(side / 2) / 2);
  const latentShape = [data.batchSize, config.model.latentChannels, latentSide, latentSide];
  const isAdversarial = loss.discriminatorWeight > 0;
  const model = (
    w: Weights,
    inputs: { readonly [K in keyof typeof inputTypes]: Tensor },
    random: RandomSource,
  ): TrainingLosses => {
    const all = { ...inputs, noise: random.normal("noise", latentShape) };
    return isAdversarial ? autoencoderLosses(w, networks, all) : reconstructionLosses(w, networks, all);
  };

  const declared = trace(
    (w, inputs: Parameters<typeof model>[1], random) => model(w, inputs, random).losses,
    inputTypes,
  );
  const weights = await startingWeights(declared.parameters, train, async (folder) =>
    withPrefix((await loadAs("autoencoder", subfolder(folder, "vae"))).weights, "vae."),
  );
  for (const [name, value] of perceptual) weights.set(name, value);
  const part = trainPart(trained, weights);
  const { average, ...optimizer } = adamWOf(train);
  const groups: Record<string, TrainingGroup> = {
    autoencoder: { prefix: `${part.prefix}vae.`, ...optimizer, average },
    ...(isAdversarial ? { discriminator: { prefix: "loss.discriminator.", ...optimizer } } : {}),
  };
  const trainer = await createTrainer(
    runtime,
    (w, inputs: Parameters<typeof model>[1], random) => model(part.scope(w), inputs, random),
    inputTypes,
    {
      groups,
      weights: part.rename(weights),
      seed: train.seed,
    },
  );
  const draw = createImageBatches(training, pixels, { ...data, seed: train.seed, totalSteps: train.steps });
  const averaged = async () => withoutPrefix(part.complete(await trainer.weights({ average: true })), "vae.");
  return {
    trainer,
    config: train,
    batches: async (step) => {
      const images = (await draw(step)).map(({ image }) => image);
      const hasStarted = step >= loss.adversarialStart;
      return [
        {
          images: stackChannels(images, side, autoencodedChannels),
          adversarialFactor: { dtype: "float32", shape: [], data: Float32Array.of(hasStarted ? 1 : 0) },
        },
      ];
    },
    validate: async () => validate(runtime, await averaged(), networks.autoencoder, pixels, chosen),
    samples: async () => drawPairs(runtime, await averaged(), networks.autoencoder, pixels, chosen),
    files: async () =>
      networkFiles("vae", {
        architecture: "autoencoder",
        config: networks.autoencoder,
        weights: await averaged(),
      }),
  };
}

function autoencoderConfigOf({ model }: AutoencoderConfig): AutoencoderKlConfig {
  const channels = autoencodedChannels.length;
  return { inChannels: channels, outChannels: channels, ...model };
}

function lossConfigOf({ loss }: AutoencoderConfig): PerceptualAdversarialConfig {
  const { pixelWeight, squaredWeight, perceptualWeight, klWeight, discriminatorWeight, discriminator } = loss;
  return {
    ...{ pixelWeight, squaredWeight, perceptualWeight, klWeight, discriminatorWeight, discriminator },
    perceptualNetwork: "squeezenet1.1",
  };
}

async function readPerceptualWeights({ loss }: AutoencoderConfig): Promise<Map<string, NdArray>> {
  if (loss.perceptualWeight === 0) return new Map();
  if (loss.perceptualFile === undefined) {
    throw new ConfigError(
      "loss.perceptual_file is missing: name a safetensors file of LPIPS (SqueezeNet), or set loss.perceptual_weight=0",
    );
  }
  const { tensors } = readSafetensors(await readFile(loss.perceptualFile));
  return new Map([...tensors].map(([name, value]) => [`loss.perceptual_loss.${name}`, value]));
}

const pictureRows = 8;

/** A PNG: each row a protein and its reconstruction, a nucleus and its. */
async function drawPairs(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  config: AutoencoderKlConfig,
  pixels: CropPixels,
  crops: readonly Crop[],
): Promise<Uint8Array> {
  const side = pixels.height;
  const plane = side * side;
  const coder = await createLatentCoder(runtime, { config, weights }, side);
  try {
    const rows: Float32Array[][] = [];
    for (const { index } of crops.slice(0, pictureRows)) {
      const image = (await pixels.read(index)).data.subarray(0, 2 * plane);
      const made = await coder.decode((await coder.encode(image, String(index))).mean);
      const channels = [image, made].map((pair) => [pair.subarray(0, plane), pair.subarray(plane)]);
      rows.push(autoencodedChannels.flatMap((channel) => channels.map((pair) => pair[channel]!)));
    }
    return drawGrid(rows, side);
  } finally {
    await coder.close();
  }
}

/** Absolute error, PSNR and the latents' spread, on the posterior's mean and on images never trained on. */
async function validate(
  runtime: Runtime,
  weights: ReadonlyMap<string, NdArray>,
  config: AutoencoderKlConfig,
  pixels: CropPixels,
  crops: readonly Crop[],
): Promise<Scores> {
  const side = pixels.height;
  const program = await compile(
    runtime,
    (w, { images }) => {
      const { mean } = encode(w, config, images);
      return { mean, reconstruction: decode(w, config, mean) };
    },
    { images: f32(1, autoencodedChannels.length, side, side) },
    { weights },
  );
  try {
    const plane = side * side;
    const psnr = autoencodedChannels.map(() => 0);
    let absolute = 0;
    let latentSquare = 0;
    for (const crop of crops) {
      const { data } = await pixels.read(crop.index);
      const images = stackChannels([data], side, autoencodedChannels);
      const { reconstruction, mean } = await program.run({ images });
      const real = images.data as Float32Array;
      const made = (reconstruction.data as Float32Array).map((value) => Math.min(1, Math.max(0, value)));
      for (const channel of autoencodedChannels) {
        let square = 0;
        for (let i = channel * plane; i < (channel + 1) * plane; i++) {
          square += (real[i]! - made[i]!) ** 2;
          absolute += Math.abs(real[i]! - made[i]!);
        }
        psnr[channel]! += -10 * Math.log10(Math.max(square / plane, 1e-10));
      }
      const latents = mean.data as Float32Array;
      latentSquare += latents.reduce((sum, value) => sum + value * value, 0) / latents.length;
    }
    return {
      absoluteError: absolute / (crops.length * plane * autoencodedChannels.length),
      psnrProtein: psnr[0]! / crops.length,
      psnrNucleus: psnr[1]! / crops.length,
      latentRms: Math.sqrt(latentSquare / crops.length),
    };
  } finally {
    await program.close();
  }
}
