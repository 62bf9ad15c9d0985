// Figures of an experiment: the effect of a change on what is predicted, its place in a null distribution, the correction
// over many tests, and intervals over nuclei and seeds.

import { createGenerator } from "@proteoscope/engine";
import { mean, median, medianAbsoluteDeviation, quantileSorted } from "simple-statistics";

/** The false discovery rate that marks and messages refer to. */
export const falseDiscoveryRate = 0.05;

/** Which end of the null is unusual: a window that matters has a large effect, a fragment that suffices a small one. */
export type Tail = "large" | "small";

/**
 * Effect of a change on what is predicted: the root mean square, over the compartments, of the change of their log-odds.
 * The logits are uncalibrated, [labels]; `scale` is that of the calibration, whose biases cancel.
 */
export function logOddsEffect(before: Float32Array, after: Float32Array, scale: number): number {
  const squares = before.map((logit, label) => (scale * (after[label]! - logit)) ** 2);
  return Math.sqrt(mean([...squares]));
}

/** A null distribution, summed up. */
export interface NullSummary {
  readonly draws: number;
  readonly median: number;
  /** Median absolute deviation times 1.4826, the standard deviation where the null is normal. */
  readonly deviation: number;
  /** The effect that one test shows at p = 0.05. */
  readonly smallestEffect: number;
  /**
   * The effect that a window on its own shows at a false discovery rate of 0.05 among all tests; null where the draws are
   * too few for any. Several windows with an effect show at a smaller one.
   */
  readonly smallestCorrectedEffect: number | null;
}

/** Sums up a null distribution for a number of tests. */
export function summarizeNull(effects: readonly number[], tests: number, tail: Tail): NullSummary {
  const sorted = [...effects].sort((a, b) => (tail === "large" ? b - a : a - b)); // the most unusual first
  const draws = sorted.length;
  const at = (p: number): number | null => sorted[Math.floor(p * (draws + 1)) - 1] ?? null;
  return {
    draws,
    median: median(sorted),
    deviation: 1.4826 * medianAbsoluteDeviation(sorted),
    smallestEffect: at(0.05) ?? sorted[0]!,
    smallestCorrectedEffect: at(falseDiscoveryRate / tests),
  };
}

/** Empirical p of an effect: (1 + draws that are as unusual) / (1 + draws) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). */
export function empiricalP(effect: number, null_: readonly number[], tail: Tail): number {
  const unusual = null_.filter((draw) => (tail === "large" ? draw >= effect : draw <= effect));
  return (1 + unusual.length) / (1 + null_.length);
}

/** p-values corrected for their number (Benjamini & Hochberg 1995), in their order. */
export function benjaminiHochberg(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[b]! - values[a]!);
  const corrected = new Array<number>(values.length);
  let smallest = 1;
  for (const [rank, index] of order.entries()) {
    smallest = Math.min(smallest, (values[index]! * values.length) / (values.length - rank));
    corrected[index] = smallest;
  }
  return corrected;
}

/** How far an effect lies from the median of the null, in deviations of the null; positive where it is larger. */
export function effectSize(effect: number, { median, deviation }: NullSummary): number {
  return deviation > 0 ? (effect - median) / deviation : 0;
}

/** A mean with its interval of 95 %. */
export interface MeanWithInterval {
  readonly mean: number;
  /** Percentiles of the bootstrap; null for a single value, which has none. */
  readonly interval95: readonly [low: number, high: number] | null;
}

const rounds = 1000;

/**
 * Mean of a statistic over nuclei and the seeds of each, [nuclei][seeds], with its interval: nuclei are resampled, and the
 * seeds within them.
 */
export function overNuclei(values: readonly (readonly number[])[]): MeanWithInterval {
  const average = (rows: readonly (readonly number[])[]) => mean(rows.map((row) => mean([...row])));
  if (values.flat().length < 2) return { mean: average(values), interval95: null };
  const random = createGenerator(0, "intervals");
  let used = 0;
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length, used++)]!;
  const resampled = Array.from({ length: rounds }, () =>
    average(
      values.map(() => {
        const row = pick(values);
        return row.map(() => pick(row));
      }),
    ),
  ).sort((a, b) => a - b);
  const interval95 = [quantileSorted(resampled, 0.025), quantileSorted(resampled, 0.975)] as const;
  return { mean: average(values), interval95 };
}
