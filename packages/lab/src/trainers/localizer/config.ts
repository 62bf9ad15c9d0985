// The configuration of `train localizer`.
// Keys are in camelCase here and in snake_case on disk.

import type { LocalizerConfig } from "@proteoscope/models";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { compartments } from "../../data/atlas/compartments.ts";
import { embeddingAugmentSchema } from "../../data/batches/sequence-augment.ts";
import { edgeTokens } from "../../data/batches/sequence-batches.ts";
import { sequenceWeightsSchema } from "../../data/batches/sequence-weights.ts";
import { bottleneckSchema } from "../../training/bottleneck-schema.ts";
import { loopSchema } from "../../training/config.ts";

const partition = z.int().min(0).max(4);

export const localizerSchema = z.strictObject({
  models: z.strictObject({
    /** The `model` folder of a run of `train plm`, or a checkpoint of ESM2 or ESMC. */
    plm: pathSchema,
  }),
  model: z.strictObject({
    /** A transformer over the embeddings before they are averaged. */
    bottleneck: bottleneckSchema,
    /** An adapter of the language model; without it, the model stays as it is and its embeddings are cached. */
    lora: z
      .strictObject({
        r: z.int().positive(),
        loraAlpha: z.number().positive(),
        loraDropout: z.number().min(0).max(0.9),
        targetModules: z.array(z.string()).min(1),
      })
      .nullable()
      .default(null),
  }),
  data: sequenceWeightsSchema.extend({
    /** Token lengths of batches, ascending. */
    lengths: z.array(z.int().min(8)).min(1),
    batchSize: z.int().positive(),
    validationCount: z.int().positive(),
    /**
     * Homology partitions that are held out and validated on, another pair for each of DeepLoc's five folds. A language
     * model that this project trained has seen all but its own pair, which is the default: change it for others alone.
     */
    testPartition: partition.default(4),
    calibrationPartition: partition.default(3),
    /** Memory for cached embeddings. */
    cacheGigabytes: z.number().nonnegative().default(2),
  }),
  augment: embeddingAugmentSchema.prefault({}),
  loss: z.strictObject({
    /** Largest weight of the positive examples of a rare compartment; see `positiveWeights`. */
    maxPositiveWeight: z.number().min(1),
  }),
  train: loopSchema,
});
export type LocalizerTrainingConfig = z.infer<typeof localizerSchema>;

/** Residues of a protein that the localizer reads: both ends of longer ones. */
export const windowOf = ({ data: { lengths } }: LocalizerTrainingConfig): number =>
  lengths.at(-1)! - edgeTokens;

export function networkOf({ model: { bottleneck } }: LocalizerTrainingConfig): LocalizerConfig {
  return { labels: compartments, bottleneck: bottleneck && { ...bottleneck, result: "full" } };
}
