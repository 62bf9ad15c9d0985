// Trains the triplet network (Schroff et al. 2015, arXiv:1503.03832): each protein is nearer to its own image than to
// another image of the batch, which is known not to show it.

import { f32, gather, i32 } from "@proteoscope/engine";
import { tripletLoss } from "@proteoscope/models";
import { chooseNegatives } from "../../data/batches/negative-pairs.ts";
import { defineTrainer } from "../../training/define-trainer.ts";
import { tripletSchema } from "./config.ts";
import { createContrastiveJob } from "./job.ts";

export const triplet = defineTrainer("triplet", tripletSchema, (preparation) => {
  const { margin } = preparation.config;
  return createContrastiveJob(preparation, {
    architecture: "triplet",
    isShared: false,
    inputTypes: (count) => ({ negative: i32(count), weights: f32(count) }),
    inputs: chooseNegatives,
    loss(_, { images, proteins }, { negative, weights }) {
      const negatives = gather(images, negative!);
      return tripletLoss({ images, negatives, proteins }, { margin, weights });
    },
  });
});
