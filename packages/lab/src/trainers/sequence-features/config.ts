// The configuration of `train sequence-features`.
// Keys are in camelCase here and in snake_case on disk.

import { z } from "zod";
import { sequenceWeightsSchema } from "../../data/batches/sequence-weights.ts";
import { loopSchema } from "../../training/config.ts";

const dropout = z.number().min(0).max(0.9);

export const sequenceFeaturesSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    layers: z.int().nonnegative(),
    inputDropout: dropout,
    dropout,
  }),
  data: sequenceWeightsSchema.extend({
    batchSize: z.int().positive(),
    validationCount: z.int().positive(),
  }),
  loss: z.strictObject({
    /** Largest weight of the positive examples of a rare compartment; see `positiveWeights`. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type SequenceFeaturesConfig = z.infer<typeof sequenceFeaturesSchema>;
