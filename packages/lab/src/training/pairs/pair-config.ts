// Parts of the configurations of networks on pairs of an image and a protein: the heads of the protein's side, the data,
// and how an image of unknown gene gets its protein.

import { z } from "zod";
import { imageDataSchema } from "../../data/batches/image-batches.ts";
import { bottleneckSchema } from "../bottleneck-schema.ts";

/** The heads of the protein's side, with the original's sizes. */
export const projectionSchema = z.strictObject({
  projectionDims: z.int().positive().default(1024),
  dropout: z.number().min(0).max(0.9).default(0.2),
  /** A transformer over the embeddings before they are averaged. */
  bottleneck: bottleneckSchema,
});

/** Options under `data`. */
export const pairDataSchema = imageDataSchema.extend({
  /** Fraction of the single cells in a batch whose protein is known. */
  proteinShare: z.number().min(0).max(1),
});

/**
 * An image of unknown gene is paired with a protein of its compartment, sampled in proportion to the localization head's
 * probability of that compartment to this power: above 0, proteins with a confident prediction are sampled more often.
 */
export const pairingSchema = z.number().nonnegative().default(1);
