// The pairs of a training step, for every network that learns from images with their proteins: crops sampled by weight, a
// paired protein for each, and the embeddings of the proteins, changed and hidden as the configuration says. A pure
// function of the seed and the step.

import type { NdArray } from "@proteoscope/engine";
import type { z } from "zod";
import { proteinWeights } from "../../data/atlas/protein-classes.ts";
import { cropWeights } from "../../data/batches/crop-sampler.ts";
import {
  type ChosenCrop,
  createCropChoice,
  createImageBatches,
  type ShownCrop,
} from "../../data/batches/image-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { pairCrops } from "../../data/batches/paired-crops.ts";
import {
  type embeddingAugmentSchema,
  hideResidues,
  openSequenceAugmentation,
} from "../../data/batches/sequence-augment.ts";
import type { TrainingImages } from "../../data/batches/training-images.ts";
import type { LoopConfig } from "../config.ts";
import { embeddingBatch } from "../frozen/embedding-batch.ts";
import type { pairDataSchema } from "./pair-config.ts";
import type { ProteinSide } from "./protein-side.ts";

export interface PairSamplerConfig {
  readonly augment: z.infer<typeof embeddingAugmentSchema>;
  readonly data: z.infer<typeof pairDataSchema>;
  readonly train: LoopConfig;
}

export interface SampledPairs {
  readonly crops: readonly ShownCrop[];
  readonly pairs: readonly Pair[];
  /** Embeddings of the proteins [B, L, width] and bool [B, L], 1 at tokens that are shown. */
  readonly embeddings: { readonly sequence: NdArray; readonly mask: NdArray };
}

const edge = 1; // <cls> before and <eos> after the residues

/** The pairs of each step, alone or with the images and the embeddings of their proteins. */
export interface PairSampler {
  (step: number): Promise<SampledPairs>;
  pairs(step: number): Pair[];
}

/** Samples the pairs of each step from the crops that some protein can be paired with. */
export async function createPairSampler(
  { augment, data, train }: PairSamplerConfig,
  { training, proteins, pixels }: TrainingImages,
  { pairing, embedder, reader }: ProteinSide,
): Promise<PairSampler> {
  const { seed } = train;
  const augmentation = await openSequenceAugmentation(augment, proteins, seed);
  const paired = training.filter(pairing.isPaired);
  const options = {
    ...data,
    seed,
    totalSteps: train.steps,
    weights: proteinWeights(paired, cropWeights(paired, data), data.proteinShare),
  };
  const sampleCrops = createImageBatches(paired, pixels, options);
  const choose = createCropChoice(paired, options);
  const pairsOf = (step: number, chosen: readonly ChosenCrop[]) =>
    pairCrops(
      pairing,
      chosen.map(({ crop }) => crop),
      { seed, step },
    );
  const sample = async (step: number): Promise<SampledPairs> => {
    const crops = await sampleCrops(step);
    const pairs = pairsOf(step, crops);
    const changed = augmentation.change(
      pairs.map(({ protein }) => protein),
      step,
    );
    const embeddingWidth = reader.languageModel.config.hiddenSize;
    const { sequence, mask } = await embeddingBatch(changed, embedder, { embeddingWidth });
    const hidden = { share: augment.hiddenShare, edge, seed, step };
    return { crops, pairs, embeddings: { sequence, mask: hideResidues(mask, hidden) } };
  };
  return Object.assign(sample, { pairs: (step: number) => pairsOf(step, choose(step)) });
}
