// The configuration of a transformer over the embeddings of a protein before they are averaged (the ESM bottleneck), for
// every trainer whose network may have one.

import { z } from "zod";

export const bottleneckSchema = z
  .strictObject({
    hiddenSize: z.int().positive(),
    numLayers: z.int().nonnegative(),
    numHeads: z.int().positive(),
    feedForwardSize: z.int().positive(),
    dropout: z.number().min(0).max(0.9),
  })
  .nullable()
  .default(null);
