// The configurations of `train clip` and `train triplet`, which differ in the loss alone.
// Keys are in camelCase here and in snake_case on disk.

import { tripletMargin } from "@proteoscope/models";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { embeddingAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { loopSchema } from "../../training/config.ts";
import { pairDataSchema, pairingSchema, projectionSchema } from "../../training/pairs/pair-config.ts";

export const clipSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2 or ESMC. */
    plm: pathSchema,
    /** The `model` folder of a run of `train autoencoder`. */
    autoencoder: pathSchema,
  }),
  model: projectionSchema.prefault({}),
  pairingInverseTemperature: pairingSchema,
  augment: embeddingAugmentSchema.prefault({}),
  data: pairDataSchema,
  train: loopSchema,
});
export type ContrastiveConfig = z.infer<typeof clipSchema>;

export const tripletSchema = clipSchema.extend({
  /** How much nearer a protein's own image must be than another, in cosines. */
  margin: z.number().positive().max(2).default(tripletMargin),
});
