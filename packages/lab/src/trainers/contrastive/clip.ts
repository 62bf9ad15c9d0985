// Trains CLIP: in every batch images find their proteins and proteins their images. Another image of the same protein
// is no negative, nor is a protein of the compartment of an image whose gene is unknown.

import { bool, type Runtime } from "@proteoscope/engine";
import { clipLoss } from "@proteoscope/models";
import { negativePairs } from "../../data/batches/negative-pairs.ts";
import type { PrepareOptions, TrainingJob } from "../../training/loop.ts";
import { createPairJob, type PairConfig, pairSchema } from "../../training/pairs/pair-job.ts";

export const clipSchema = pairSchema;
export type ClipTrainingConfig = PairConfig;

/** Prepares the training of CLIP on an atlas folder. */
export async function createClipJob(
  runtime: Runtime,
  config: ClipTrainingConfig,
  folder: string,
  options?: PrepareOptions,
): Promise<TrainingJob> {
  return createPairJob(
    runtime,
    config,
    folder,
    {
      architecture: "clip",
      inputTypes: (count) => ({ isNegative: bool(count, count) }),
      inputs: (pairs) => ({ isNegative: negativePairs(pairs) }),
      loss: (w, embeddings, { isNegative }) => clipLoss(w, embeddings, { isNegative }).loss,
    },
    options,
  );
}
