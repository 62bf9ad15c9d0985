// Whether probabilities are as often right as they say: predictions sorted into ten bins of equal width, and the mean
// distance between the probability and the share that is true, weighted by the bins' sizes (expected calibration error;
// Naeini et al. 2015, Guo et al. 2017, arXiv:1706.04599).

import { type BootstrapOptions, bootstrap, type Estimate } from "./bootstrap.ts";
import type { Judged } from "./multi-label.ts";

/** A bin of predictions of similar probability. */
export interface CalibrationBin {
  readonly n: number;
  /** Mean probability. */
  readonly probability: number;
  /** Fraction of the bin that is true. */
  readonly share: number;
}

/** The expected calibration error, and the bins it is made of. */
export interface CalibrationError {
  /** Expected calibration error, resampled by protein. */
  readonly error: Estimate | null;
  /** Bins that are not empty, from the least to the most probable. */
  readonly bins: readonly CalibrationBin[];
}

const binCount = 10;

/** The expected calibration error over all labels of all proteins. */
export function calibrationError(
  proteins: readonly (readonly Judged[])[],
  options: BootstrapOptions = {},
): CalibrationError {
  const units = proteins.map((rows) => rows.map((row) => ({ ...row, bin: binOf(row) })));
  return {
    error: bootstrap(units, (drawn) => errorOf(sortIntoBins(drawn)), options),
    bins: sortIntoBins(units).flatMap(({ n, probability, truths }) =>
      n === 0 ? [] : [{ n, probability: probability / n, share: truths / n }],
    ),
  };
}

const binOf = ({ probability }: Judged) => Math.min(binCount - 1, Math.floor(probability * binCount));

function sortIntoBins(proteins: readonly (readonly (Judged & { readonly bin: number })[])[]) {
  const bins = Array.from({ length: binCount }, () => ({ n: 0, probability: 0, truths: 0 }));
  for (const rows of proteins) {
    for (const { bin, probability, isTrue } of rows) {
      const sums = bins[bin]!;
      sums.n++;
      sums.probability += probability;
      if (isTrue) sums.truths++;
    }
  }
  return bins;
}

function errorOf(bins: ReturnType<typeof sortIntoBins>): number {
  const total = bins.reduce((sum, { n }) => sum + n, 0);
  return bins.reduce((sum, { probability, truths }) => sum + Math.abs(probability - truths), 0) / total;
}
