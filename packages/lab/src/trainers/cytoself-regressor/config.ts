// The configuration of `train cytoclass`.
// Keys are in camelCase here and in snake_case on disk.

import { regressionClassifierWeight } from "@proteoscope/models";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { embeddingAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { loopSchema } from "../../training/config.ts";
import { pairDataSchema, pairingSchema, projectionSchema } from "../../training/pairs/pair-config.ts";

export const cytoclassSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2 or ESMC. */
    plm: pathSchema,
    /** The `model` folder of a run of `train cytoself`. */
    cytoself: pathSchema,
  }),
  /** The size of the code is cytoself's. */
  model: projectionSchema.omit({ projectionDims: true }).prefault({}),
  loss: z
    .strictObject({
      /** Weight of the cross-entropy, relative to the squared error. */
      classifier: z.number().nonnegative().default(regressionClassifierWeight),
    })
    .prefault({}),
  pairingInverseTemperature: pairingSchema,
  augment: embeddingAugmentSchema.prefault({}),
  data: pairDataSchema,
  train: loopSchema,
});
export type CytoclassConfig = z.infer<typeof cytoclassSchema>;
