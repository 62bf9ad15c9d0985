// The paper-size autoencoder: decoding one image, and a training step on two with the whole of its loss (LPIPS by VGG16,
// patch discriminator, adaptive weight), in which both networks take their step.
import {
  compile,
  f32,
  float32,
  type RandomSource,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import {
  type AutoencoderTrainingConfig,
  autoencoderKlDefaults,
  autoencoderLosses,
  decode,
  perceptualAdversarialDefaults,
} from "@proteoscope/models";
import type { BenchCase } from "../case.ts";
import { gflopOf } from "../operations.ts";
import { randomInput, randomWeights } from "../random-weights.ts";
import { prepareTraining } from "./training-step.ts";

const side = 100;

export const vaeDecode = vaeDecodeCase("vae.decode.b1", { config: autoencoderKlDefaults, side });

interface DecodeOptions {
  readonly config: AutoencoderTrainingConfig["autoencoder"];
  /** Side of the image in pixels. */
  readonly side: number;
}

/** The decoder for any number of latents, with random weights. */
export function randomDecoder({ config, side }: DecodeOptions) {
  const latentSide = side / 4;
  const model = (w: Weights, { latent }: Record<"latent", Tensor>) => ({ image: decode(w, config, latent) });
  const types = { latent: f32("batch", config.latentChannels, latentSide, latentSide) };
  const traced = trace(model, types);
  const weights = randomWeights(traced.parameters);
  return {
    gflop: gflopOf(traced, { batch: 1 }),
    compile: (runtime: Runtime) => compile(runtime, model, types, { weights }),
  };
}

export function vaeDecodeCase(name: string, options: DecodeOptions): BenchCase {
  const latentSide = options.side / 4;
  return {
    name,
    title: "the decoder at paper size, one latent to one image of 100x100",
    peer: { script: "vae", work: ["decode", 1] },
    async prepare(runtime) {
      const decoder = randomDecoder(options);
      const program = await decoder.compile(runtime);
      const latent = randomInput("latent", 1, options.config.latentChannels, latentSide, latentSide);
      return { gflop: decoder.gflop, run: async () => void (await program.run({ latent })) };
    },
  };
}

export const vaeTrain = vaeTrainCase("vae.train.b2", {
  config: { autoencoder: autoencoderKlDefaults, loss: perceptualAdversarialDefaults },
  ...{ batchSize: 2, side },
});

interface TrainOptions {
  readonly config: AutoencoderTrainingConfig;
  readonly batchSize: number;
  readonly side: number;
}

export function vaeTrainCase(name: string, { config, batchSize, side }: TrainOptions): BenchCase {
  const { inChannels, latentChannels } = config.autoencoder;
  const types = { images: f32(batchSize, inChannels, side, side), adversarialFactor: f32() };
  const latentShape = [batchSize, latentChannels, side / 4, side / 4];
  const model = (w: Weights, inputs: { readonly [K in keyof typeof types]: Tensor }, random: RandomSource) =>
    autoencoderLosses(w, config, { ...inputs, noise: random.normal("noise", latentShape) });
  const images = randomInput("images", batchSize, inChannels, side, side);
  const batch = {
    images: float32(images.shape, (images.data as Float32Array).map(Math.abs)),
    adversarialFactor: float32([], Float32Array.of(1)),
  };
  return {
    name,
    title: `a training step of the autoencoder at paper size, batch ${batchSize}, perceptual and adversarial loss`,
    peer: { script: "vae", work: ["train", batchSize] },
    items: batchSize,
    warmUpRuns: 3,
    prepare: (runtime) =>
      prepareTraining(runtime, model, types, {
        batch,
        prefixes: { autoencoder: "vae.", discriminator: "loss.discriminator." },
      }),
  };
}
