// Trains the triplet network: each protein nearer to its own image than to another of the batch, which is known not to
// show it.

import { f32, gather, i32, type Runtime } from "@proteoscope/engine";
import { tripletLoss, tripletMargin } from "@proteoscope/models";
import { z } from "zod";
import { chooseNegatives } from "../../data/batches/negative-pairs.ts";
import type { PrepareOptions, TrainingJob } from "../../training/loop.ts";
import { createPairJob, pairSchema } from "../../training/pairs/pair-job.ts";

export const tripletSchema = pairSchema.extend({
  /** By how much its own image must be nearer, in cosines. */
  margin: z.number().positive().max(2).default(tripletMargin),
});
export type TripletTrainingConfig = z.infer<typeof tripletSchema>;

/** Prepares the training of the triplet network on an atlas folder. */
export async function createTripletJob(
  runtime: Runtime,
  config: TripletTrainingConfig,
  folder: string,
  options?: PrepareOptions,
): Promise<TrainingJob> {
  const { margin } = config;
  return createPairJob(
    runtime,
    config,
    folder,
    {
      architecture: "triplet",
      inputTypes: (count) => ({ negative: i32(count), weights: f32(count) }),
      inputs: chooseNegatives,
      loss(_, { images, proteins }, { negative, weights }) {
        const negatives = gather(images, negative!);
        return tripletLoss({ images, negatives, proteins }, { margin, weights });
      },
    },
    options,
  );
}
