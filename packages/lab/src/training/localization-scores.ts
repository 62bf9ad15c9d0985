// Validation scores of every trainer that predicts compartments, named as metrics.jsonl has them, so that runs of
// different networks can be compared column by column.

import { sequenceTargets } from "../data/atlas/compartments.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { scoreLocalization } from "../evaluate/measures/localization-scores.ts";
import type { Scores } from "./scores.ts";

/**
 * Scores of probabilities [proteins][compartments]: the means of `scoreLocalization`, then `averagePrecision`, `f1` and
 * `matthews` of each label that has enough proteins.
 */
export function localizationScores(
  probabilities: readonly Float32Array[],
  proteins: readonly Protein[],
): Scores {
  const { byLabel, ...means } = scoreLocalization(probabilities, proteins.map(sequenceTargets));
  const named = (["averagePrecision", "f1", "matthews"] as const).flatMap((score) =>
    Object.entries(byLabel).map(([label, scores]) => [`${score}.${label}`, scores[score]]),
  );
  return { ...means, ...Object.fromEntries(named) };
}
