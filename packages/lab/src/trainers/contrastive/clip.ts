// Trains CLIP (Radford et al. 2021, arXiv:2103.00020): in every batch images find their proteins and proteins their images.
// The batch is that of a whole step: negatives are gathered over its micro-batches and over all processes.
// Another image of the same protein is no negative, nor is a protein of the compartment of an image of unknown gene.

import { bool } from "@proteoscope/engine";
import { clipLoss } from "@proteoscope/models";
import { negativePairs } from "../../data/batches/negative-pairs.ts";
import { defineTrainer } from "../../training/define-trainer.ts";
import { clipSchema } from "./config.ts";
import { createContrastiveJob } from "./job.ts";

export const clip = defineTrainer("clip", clipSchema, (preparation) =>
  createContrastiveJob(preparation, {
    architecture: "clip",
    isShared: true,
    inputTypes: (count) => ({ isNegative: bool(count, count) }),
    inputs: (pairs) => ({ isNegative: negativePairs(pairs) }),
    loss: (w, embeddings, { isNegative }) => clipLoss(w, embeddings, { isNegative }).loss,
  }),
);
