// How much each protein and each label counts in the training of a network that reads sequences: proteins by how often
// they are sampled, labels by how rare they are.

import { z } from "zod";
import { compartments, sequenceTargets } from "../atlas/compartments.ts";
import { proteinFractionSchema } from "../atlas/protein-fraction.ts";
import type { Protein } from "../atlas/tables.ts";

/** Options of every such trainer, under `data`. */
export const sequenceWeightsSchema = z.strictObject({
  /** How often a human sequence is sampled, relative to one that is not human. */
  weightOfHuman: z.number().positive(),
  /** The same for a protein of OpenCell. */
  weightOfOpencell: z.number().positive(),
  proteinFraction: proteinFractionSchema,
});

/** How often each protein is sampled, relative to one that is not human. */
export function samplingWeights(
  proteins: readonly Protein[],
  { weightOfHuman, weightOfOpencell }: Omit<z.infer<typeof sequenceWeightsSchema>, "proteinFraction">,
): number[] {
  return proteins.map(({ source, isHuman }) =>
    source === "opencell" ? weightOfOpencell : isHuman ? weightOfHuman : 1,
  );
}

/** Weight of the positive examples of each compartment: sqrt(negatives / positives), from 1 to `largest`. */
export function positiveWeights(proteins: readonly Protein[], largest: number): number[] {
  const rows = proteins.map(sequenceTargets);
  return compartments.map((_, index) => {
    const known = rows.filter((row) => row.known[index] === 1);
    const positives = known.filter((row) => row.targets[index] === 1).length;
    return Math.min(largest, Math.max(1, Math.sqrt((known.length - positives) / Math.max(positives, 1))));
  });
}
