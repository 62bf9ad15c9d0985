// The configuration of `train classifier`.
// Keys are in camelCase here and in snake_case on disk.

import { z } from "zod";
import { simulatedImageDataSchema } from "../../data/batches/training-images.ts";
import { loopSchema } from "../../training/config.ts";

export const classifierSchema = z.strictObject({
  model: z.strictObject({
    /** Channels of each stage; every stage halves the sides. */
    channels: z.array(z.int().positive()).min(1),
    normGroups: z.int().positive(),
    dropout: z.number().min(0).max(0.9),
  }),
  data: simulatedImageDataSchema,
  train: loopSchema,
});
export type ClassifierConfig = z.infer<typeof classifierSchema>;
