// How good a judge is, on images that it was not fitted to: every group of images (a field of view) is judged by a fit to
// the other groups. Windows of one field overlap, so that a split by image would measure memory.

import { pause } from "../../pause.ts";
import { fitLogistic, type LogisticOptions } from "./logistic-regression.ts";

export interface LabelledFeatures {
  readonly features: ArrayLike<number>;
  /** A class, numbered from 0. */
  readonly label: number;
  /** Images of one group are never on both sides. */
  readonly group: string;
}

/**
 * Probabilities [rows][classes], each by a fit that saw no image of the row's group. Between the fits other work, such as an
 * interrupt, has its turn. @throws RangeError for one group alone.
 */
export async function crossValidate(
  rows: readonly LabelledFeatures[],
  classes: number,
  { folds = 5, ...options }: LogisticOptions & { readonly folds?: number } = {},
): Promise<Float64Array[]> {
  const foldOf = assignFolds(rows, folds);
  const results: Float64Array[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const isTested = rows.map(({ group }) => foldOf.get(group) === fold);
    if (!isTested.includes(true)) continue;
    await pause();
    const training = rows.filter((_, i) => !isTested[i]);
    const judge = fitLogistic(
      training.map(({ features }) => features),
      training.map(({ label }) => label),
      classes,
      options,
    );
    for (const [i, { features }] of rows.entries()) if (isTested[i]) results[i] = judge(features);
  }
  return results;
}

/** A fold for each group, the largest first: to where fewest images of its classes are, and of all where these are equal. */
function assignFolds(rows: readonly LabelledFeatures[], folds: number): Map<string, number> {
  const groups = new Map<string, number[]>();
  for (const { group, label } of rows) groups.set(group, [...(groups.get(group) ?? []), label]);
  const contents = Array.from({ length: folds }, (): number[] => []);
  const result = new Map<string, number>();
  for (const [group, labels] of [...groups].toSorted(([, a], [, b]) => b.length - a.length)) {
    const costs = contents.map((content) => {
      const counts = new Map<number, number>();
      for (const label of content) counts.set(label, (counts.get(label) ?? 0) + 1);
      return labels.reduce(
        (sum, label) => sum + (counts.get(label) ?? 0),
        content.length / (rows.length + 1),
      );
    });
    const fold = costs.indexOf(Math.min(...costs));
    contents[fold]!.push(...labels);
    result.set(group, fold);
  }
  return result;
}

/** Probability that a positive scores above a negative; ties count a half; NaN where either is missing. */
export function areaUnderCurve(scores: readonly number[], isPositive: readonly boolean[]): number {
  const order = scores.map((_, i) => i).toSorted((a, b) => scores[a]! - scores[b]!);
  let [rankSum, positives] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    for (let i = start; i < end; i++) {
      if (!isPositive[order[i]!]) continue;
      rankSum += (start + end + 1) / 2; // the mean rank of those that tie, from 1
      positives++;
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}
