// Intervals by bootstrap (Efron & Tibshirani 1993). What is resampled are the independent units - proteins, or fields of
// view - and not images, of which one protein has many that resemble each other.

import { createGenerator } from "@proteoscope/engine";
import { median as medianOfSome, quantileSorted } from "simple-statistics";

/** A statistic with its interval. */
export interface Estimate {
  readonly value: number;
  /** Interval of 95 %, from the percentiles. */
  readonly interval95: readonly [low: number, high: number];
  /** Number of units that were resampled. */
  readonly n: number;
}

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Default 1000. */
  readonly rounds?: number;
  /**
   * Shifts the interval by the mean of the resampled values, for statistics that repeated units raise: distances
   * between distributions. Default false.
   */
  readonly centred?: boolean;
}

/**
 * A statistic of units with its interval; null where there is no unit or the statistic is not a number. Resamples where it
 * is not a number (a correlation without variation) are left out.
 */
export function bootstrap<Unit>(
  units: readonly Unit[],
  statistic: (units: readonly Unit[]) => number,
  options: BootstrapOptions = {},
): Estimate | null {
  if (units.length === 0) return null;
  return bootstrapAll(units, (drawn) => ({ value: statistic(drawn) }), options).value!;
}

/** Several statistics of the same resamples, by name; needs one unit at least. */
export function bootstrapAll<Unit>(
  units: readonly Unit[],
  statistics: (units: readonly Unit[]) => Readonly<Record<string, number>>,
  options: BootstrapOptions = {},
): Record<string, Estimate | null> {
  const { seed = 0, rounds = 1000, centred = false } = options;
  const count = units.length;
  const values = statistics(units);
  const draws = createGenerator(seed, "bootstrap").uniform(rounds * count);
  const resampled = Array.from({ length: rounds }, (_, round) => {
    const row = draws.subarray(round * count, (round + 1) * count);
    return statistics(Array.from(row, (draw) => units[Math.floor(draw * count)]!));
  });
  const estimate = (name: string): Estimate | null =>
    intervalOf(
      values[name]!,
      resampled.map((row) => row[name]!),
      count,
      centred,
    );
  return Object.fromEntries(Object.keys(values).map((name) => [name, estimate(name)]));
}

/** A value with the interval of its resamples; null where it is not a number, or none of them is. */
export function intervalOf(
  value: number,
  resampled: readonly number[],
  n: number,
  centred = false,
): Estimate | null {
  const sorted = resampled.filter(Number.isFinite).sort((a, b) => a - b);
  if (!Number.isFinite(value) || sorted.length === 0) return null;
  const shift = centred ? value - mean(sorted) : 0;
  const at = (share: number) => quantileSorted(sorted, share) + shift;
  return { value, interval95: [at(0.025), at(0.975)], n };
}

/** The median; NaN for no values. */
export function median(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : medianOfSome([...values]);
}

/** The mean; NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
