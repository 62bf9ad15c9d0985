// What every configuration says about the training loop and its optimiser, under `train`: AdamW (Loshchilov & Hutter 2019,
// arXiv:1711.05101) with a warm-up and a cosine, gradients clipped by their norm, and a moving average of the parameters.

import { type TrainingGroup, warmupCosine } from "@proteoscope/engine";
import { z } from "zod";
import { pathSchema } from "../config/compose.ts";

export const loopSchema = z.strictObject({
  steps: z.int().positive(),
  /** Micro-batches of `data.batch_size` whose mean gradient is one step; processes that train together share them. */
  accumulate: z.int().positive().default(1),
  seed: z.int().nonnegative().default(0),
  /** The `model` folder of an earlier run of the same networks, whose weights are the initial ones. */
  startFrom: pathSchema.optional(),
  learningRate: z.number().positive(),
  warmupSteps: z.int().nonnegative(),
  /** Fraction of the learning rate that is left at the last step. */
  finalFraction: z.number().min(0).max(1).default(0.1),
  beta2: z.number().min(0).max(1).default(0.98),
  weightDecay: z.number().nonnegative().default(0.01),
  clipNorm: z.number().positive().default(1),
  /** Decay of the moving average of the parameters, which is what is validated and shipped. */
  averageDecay: z.number().min(0).max(1),
  logEvery: z.int().positive(),
  validateEvery: z.int().positive(),
  checkpointEvery: z.int().positive(),
});
export type LoopConfig = z.infer<typeof loopSchema>;

/** The optimiser of a configuration, for one group of parameters. */
export function adamWOf(
  config: LoopConfig,
): Omit<Required<Pick<TrainingGroup, "average">> & TrainingGroup, "prefix"> {
  const { steps, beta2, weightDecay, clipNorm, averageDecay } = config;
  return {
    beta2,
    weightDecay,
    clipNorm,
    learningRate: warmupCosine({ ...config, totalSteps: steps }),
    average: { decay: averageDecay },
  };
}
