// All trainers, by the names of `proteoscope train`. A trainer stands in a folder of its own and imports no other: what two
// of them need is in `training/` or `data/`.

import type { TrainerDefinition } from "../training/define-trainer.ts";
import { autoencoder } from "./autoencoder/job.ts";
import { classifier } from "./classifier/job.ts";
import { clip } from "./contrastive/clip.ts";
import { triplet } from "./contrastive/triplet.ts";
import { cytoself } from "./cytoself/job.ts";
import { cytoclass } from "./cytoself-regressor/job.ts";
import { diffusion } from "./denoiser/job.ts";
import { plm } from "./language-model/job.ts";
import { localizer } from "./localizer/job.ts";
import { sequenceFeatures } from "./sequence-features/job.ts";

const trainers = [
  plm,
  sequenceFeatures,
  autoencoder,
  classifier,
  cytoself,
  diffusion,
  localizer,
  clip,
  triplet,
  cytoclass,
] as const;

/** A word after `proteoscope train`. */
export type TrainerName = (typeof trainers)[number]["name"];

/** The words after `proteoscope train`, in the order in which one network is trained on another. */
export const trainerNames: readonly TrainerName[] = trainers.map(({ name }) => name);

/** The trainer of a name. */
export function trainerOf(name: TrainerName): TrainerDefinition {
  return trainers.find((trainer) => trainer.name === name)!;
}
