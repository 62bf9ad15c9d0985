// Validation scores of every trainer that predicts compartments, named as metrics.jsonl has them, so that runs of
// different networks can be compared column by column.

import { sequenceTargets } from "../data/atlas/compartments.ts";
import type { Protein } from "../data/atlas/tables.ts";
import { scoreLocalization } from "../evaluate/measures/localization-scores.ts";
import type { Scores } from "./scores.ts";
import type { ReportItem } from "./validation-sets.ts";

/**
 * Scores of probabilities [proteins][compartments]: the means of `scoreLocalization`, then `averagePrecision`, `f1` and
 * `matthews` of each label that has enough proteins. `crossEntropy` is the mean over proteins of the
 * mean over their known labels, which is reported of each protein.
 */
export function localizationScores(
  probabilities: readonly Float32Array[],
  proteins: readonly Protein[],
  report?: ReportItem,
): Scores {
  const entropies = proteins.map((protein, index) => crossEntropyOf(probabilities[index]!, protein));
  for (const [index, { id }] of proteins.entries()) report?.(id, { crossEntropy: entropies[index]! });
  const { byLabel, ...means } = scoreLocalization(probabilities, proteins.map(sequenceTargets));
  const named = (["averagePrecision", "f1", "matthews"] as const).flatMap((score) =>
    Object.entries(byLabel).map(([label, scores]) => [`${score}.${label}`, scores[score]]),
  );
  const crossEntropy = entropies.reduce((sum, value) => sum + value, 0) / proteins.length;
  return { ...means, ...(proteins.length > 0 && { crossEntropy }), ...Object.fromEntries(named) };
}

function crossEntropyOf(probabilities: Float32Array, protein: Protein): number {
  const { targets, known } = sequenceTargets(protein);
  let [sum, count] = [0, 0];
  for (const [label, probability] of probabilities.entries()) {
    if (known[label] === 0) continue;
    const right = targets[label] === 1 ? probability : 1 - probability;
    sum -= Math.log(Math.max(right, 1e-7));
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
