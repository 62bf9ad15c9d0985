// The configuration of `train autoencoder`.
// Keys are in camelCase here and in snake_case on disk.

import type { AutoencoderKlConfig, PerceptualAdversarialConfig } from "@proteoscope/models";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { loopSchema } from "../../training/config.ts";

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
    /** Weight of the squared error, beside the absolute one. */
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
  /** "decoder" leaves the latents of the run in `train.start_from` as they are, and with them what was trained on them. */
  trained: z.enum(["all", "decoder"]).default("all"),
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type AutoencoderConfig = z.infer<typeof autoencoderSchema>;

/** Channels of the crops that the autoencoder sees: protein and nucleus. */
export const autoencodedChannels = [0, 1];

export function autoencoderConfigOf({ model }: AutoencoderConfig): AutoencoderKlConfig {
  const channels = autoencodedChannels.length;
  return { inChannels: channels, outChannels: channels, ...model };
}

export function lossConfigOf({ loss }: AutoencoderConfig): PerceptualAdversarialConfig {
  const { pixelWeight, squaredWeight, perceptualWeight, klWeight, discriminatorWeight, discriminator } = loss;
  return {
    pixelWeight,
    squaredWeight,
    perceptualWeight,
    klWeight,
    discriminatorWeight,
    discriminator,
    perceptualNetwork: "squeezenet1.1",
  };
}

/** Whether a parameter, by its name in the trainer, is used from the latents on. */
export function isOfDecoder(name: string): boolean {
  return /^vae\.(decoder|post_quant_conv)\./.test(name);
}
