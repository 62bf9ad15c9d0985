// Whether images that were made can be distinguished from real ones: a two-sample test by a classifier (Lopez-Paz & Oquab 2017), with
// logistic regression on features made by hand. A half is chance; 1 means that every made image gives itself away.

import { areaUnderCurve, crossValidate } from "./cross-validation.ts";
import type { LogisticOptions } from "./logistic-regression.ts";

export interface GroupedFeatures {
  readonly features: ArrayLike<number>;
  /** The field of view of a real image, or that a made one's nucleus is of. */
  readonly group: string;
}

/**
 * Area under the curve of a judge that finds made images, each judged by a fit that saw nothing of its group, neither real
 * nor made. NaN where either side is missing, or all are of one group.
 */
export async function distinguish(
  real: readonly GroupedFeatures[],
  made: readonly GroupedFeatures[],
  options: LogisticOptions & { readonly folds?: number } = {},
): Promise<number> {
  const groups = new Set([...real, ...made].map(({ group }) => group));
  if (real.length === 0 || made.length === 0 || groups.size < 2) return Number.NaN;
  const rows = [real, made].flatMap((side, label) => side.map((row) => ({ ...row, label })));
  const scores = (await crossValidate(rows, 2, options)).map((probabilities) => probabilities[1]!);
  return areaUnderCurve(
    scores,
    rows.map(({ label }) => label === 1),
  );
}
