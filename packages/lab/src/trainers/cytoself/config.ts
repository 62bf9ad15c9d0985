// The configuration of `train cytoself`, with the network and its losses by the names of the original's constructor.
// Keys are in camelCase here and in snake_case on disk.

import {
  CheckpointError,
  type CytoselfConfig,
  cytoselfDefaults,
  cytoselfFormat,
  formatConfig,
  parseConfig,
} from "@proteoscope/models";
import { z } from "zod";
import { ConfigError } from "../../config/compose.ts";
import { cropChannels } from "../../data/atlas/crop-pixels.ts";
import { imageDataSchema } from "../../data/batches/image-batches.ts";
import { loopSchema } from "../../training/config.ts";

const stageSchema = z.strictObject({
  expandRatio: z.int().positive(),
  kernel: z.int().positive(),
  stride: z.int().positive(),
  inputChannels: z.int().positive(),
  outChannels: z.int().positive(),
  numLayers: z.int().positive(),
});

const encoderSchema = z.strictObject({
  stochasticDepthProb: z.number().min(0).max(0.9).default(0.2),
  blocksArgs: z.array(stageSchema).min(1),
});

export const cytoselfSchema = z.strictObject({
  /** By the names of the original's constructor. */
  model: z.strictObject({
    /** Channels that the network sees and reconstructs. */
    channels: z.array(z.enum(cropChannels)).min(1).default(["protein", "nucleus"]),
    /** The published encoders when absent. */
    encoderArgs: z.array(encoderSchema).min(1).optional(),
    vqArgs: z.strictObject({
      numEmbeddings: z.int().positive(),
      embeddingDim: z.int().positive(),
      channelSplit: z.int().positive().default(1),
      commitmentCost: z.number().nonnegative().default(0.25),
      softmaxlossCost: z.number().nonnegative().default(0),
    }),
    /** Levels with a classifier, counted from 1; the last one is validated. */
    fcOutputIdx: z.array(z.int().positive()).min(1),
    fcArgs: z.strictObject({
      numLayers: z.int().positive(),
      numFeatures: z.int().positive(),
      dropoutRate: z.number().min(0).max(0.9).default(0.5),
    }),
  }),
  loss: z.strictObject({ vqCoeff: z.number().nonnegative(), fcCoeff: z.number().nonnegative() }),
  data: imageDataSchema.extend({
    /** Share of the crops of single cells in a batch whose protein is known. */
    proteinShare: z.number().min(0).max(1),
    /** Share of each protein's images that is held out. */
    validationShare: z.number().positive().max(0.5),
  }),
  train: loopSchema,
});
export type CytoselfTrainingConfig = z.infer<typeof cytoselfSchema>;

/** The network, held to the rules of stored networks, so that what is trained can be loaded. @throws ConfigError */
export function networkOf({ model }: CytoselfTrainingConfig, side: number, numClass: number): CytoselfConfig {
  const { channels, encoderArgs = cytoselfDefaults.encoderArgs, ...rest } = model;
  const inputShape = [channels.length, side, side] as const;
  const json = formatConfig(cytoselfFormat, { inputShape, encoderArgs, ...rest, numClass });
  try {
    return parseConfig(cytoselfFormat, json, "model");
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new ConfigError(cause.message, { cause });
  }
}
