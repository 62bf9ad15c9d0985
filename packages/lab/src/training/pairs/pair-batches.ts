// The pairs of a training step, for every network that learns from images with their proteins: crops drawn by weight,
// a partner for each, and the embeddings of the partners, changed and hidden as the configuration asks. A pure function
// of the seed and the step.

import { createGenerator, type NdArray } from "@proteoscope/engine";
import { z } from "zod";
import type { CropPixels } from "../../data/atlas/crop-pixels.ts";
import { proteinWeights } from "../../data/atlas/protein-classes.ts";
import type { Crop, Protein } from "../../data/atlas/tables.ts";
import { embeddingBatch } from "../../data/batches/condition-batches.ts";
import { createImageBatches, imageDataSchema, type ShownCrop } from "../../data/batches/image-batches.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { cropWeights } from "../../data/batches/pairs.ts";
import {
  type embeddingAugmentSchema,
  hideResidues,
  openSequenceAugmentation,
} from "../../data/batches/sequence-augment.ts";
import type { LoopConfig } from "../loop.ts";
import type { ProteinSide } from "./protein-side.ts";

/** What every configuration of a network on pairs says of its data, under `data`. */
export const pairDataSchema = imageDataSchema.extend({
  /** Share of the crops shown, blends apart, whose protein is known. */
  proteinShare: z.number().min(0).max(1),
});

export interface PairDrawConfig {
  readonly augment: z.infer<typeof embeddingAugmentSchema>;
  readonly data: z.infer<typeof pairDataSchema>;
  readonly train: LoopConfig;
}

export interface DrawnPairs {
  readonly crops: readonly ShownCrop[];
  readonly pairs: readonly Pair[];
  /** Embeddings of the proteins [B, L, width] and bool [B, L], 1 at tokens that are shown. */
  readonly embeddings: { readonly sequence: NdArray; readonly mask: NdArray };
}

const edge = 1; // <cls> before and <eos> after the residues

/** The pairs of each step; only crops that have a partner are drawn. */
export async function createPairDraw(
  { augment, data, train }: PairDrawConfig,
  {
    training,
    proteins,
    pixels,
  }: { training: readonly Crop[]; proteins: readonly Protein[]; pixels: CropPixels },
  { pairing, embedder, reader }: ProteinSide,
): Promise<(step: number) => Promise<DrawnPairs>> {
  const { seed } = train;
  const augmentation = await openSequenceAugmentation(augment, proteins, seed);
  const shown = training.filter((crop) => pairing.pairedProtein(crop, 0) !== undefined);
  const draw = createImageBatches(shown, pixels, {
    ...{ ...data, seed, totalSteps: train.steps },
    weights: proteinWeights(shown, cropWeights(shown, data), data.proteinShare),
  });
  return async (step) => {
    const crops = await draw(step);
    const pairedProteins = createGenerator(seed, "partners", step).uniform(crops.length);
    const pairs = crops.map(({ crop }, item): Pair => {
      return { crop, protein: pairing.pairedProtein(crop, pairedProteins[item]!)! };
    });
    const changed = augmentation.change(
      pairs.map(({ protein }) => protein),
      step,
    );
    const embeddingWidth = reader.esm.config.hiddenSize;
    const { sequence, mask } = await embeddingBatch(changed, embedder, { embeddingWidth });
    const hidden = { share: augment.hiddenShare, edge, seed, step };
    return { crops, pairs, embeddings: { sequence, mask: hideResidues(mask, hidden) } };
  };
}
