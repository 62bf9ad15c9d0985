// The configuration of `train plm`, and the networks that it describes.
// Keys are in camelCase here and in snake_case on disk.

import { type Esm2Config, esm2Config, type LocalizationHeadConfig } from "@proteoscope/models";
import { z } from "zod";
import { compartments } from "../../data/atlas/compartments.ts";
import { sequenceAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { sequenceWeightsSchema } from "../../data/batches/sequence-weights.ts";
import { loopSchema } from "../../training/config.ts";

export const plmSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    numHiddenLayers: z.int().positive(),
    numAttentionHeads: z.int().positive(),
    hiddenDropoutProb: z.number().min(0).max(0.9).default(0),
    /** The language model stays as `train.start_from` has it; the head alone is trained, on cached representations. */
    frozen: z.boolean().default(false),
  }),
  head: z.strictObject({
    hiddenSize: z.int().positive(),
    attentionHeads: z.int().positive(),
    terminusWindow: z.int().positive(),
    /** Convolutions over residues that the head reads in addition to the representation; batches must then be of one length. */
    motifs: z
      .strictObject({
        widths: z.array(z.int().positive()).min(1),
        channels: z.int().positive(),
        size: z.int().positive(),
      })
      .optional(),
    dropout: z.number().min(0).max(0.9),
  }),
  data: sequenceWeightsSchema.extend({
    /** Token lengths of batches, ascending. */
    lengths: z.array(z.int().min(8)).min(1),
    batchSize: z.int().positive(),
    maskRate: z.number().min(0).max(1).default(0.15),
    validationCount: z.int().positive(),
    /** Memory for the representations of a frozen language model. */
    cacheGigabytes: z.number().nonnegative().default(4),
  }),
  augment: sequenceAugmentSchema.prefault({}),
  loss: z.strictObject({
    localization: z.number().nonnegative(),
    /** Largest weight of the positive examples of a rare compartment; see `positiveWeights`. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type PlmConfig = z.infer<typeof plmSchema>;

/** A language model and the localization head on it. */
export interface PlmNetwork {
  readonly esm: Esm2Config;
  readonly head: LocalizationHeadConfig;
}

export function networkOf({ model, head }: PlmConfig): PlmNetwork {
  return { esm: esm2Config(model), head: { labels: compartments, ...head } };
}
