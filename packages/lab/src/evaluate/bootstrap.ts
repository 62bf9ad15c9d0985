// Intervals by bootstrap (Efron & Tibshirani 1993). What is resampled are the independent units - proteins, or fields of
// view - and not images, of which one protein has many that resemble each other.

import { createGenerator } from "@proteoscope/engine";
import { quantileSorted } from "simple-statistics";

export interface Estimate {
  readonly value: number;
  /** 95 %, of the percentiles. */
  readonly interval95: readonly [low: number, high: number];
  /** Units that were resampled. */
  readonly n: number;
}

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
 * A statistic of units with its interval; null where there is no unit or the statistic is no number. Resamples of which
 * it is none (a correlation without variation) are left out.
 */
export function bootstrap<Unit>(
  units: readonly Unit[],
  statistic: (units: readonly Unit[]) => number,
  options: BootstrapOptions = {},
): Estimate | null {
  const { seed = 0, rounds = 1000, centred = false } = options;
  const value = units.length === 0 ? Number.NaN : statistic(units);
  if (!Number.isFinite(value)) return null;
  const count = units.length;
  const draws = createGenerator(seed, "bootstrap").uniform(rounds * count);
  const values = Array.from({ length: rounds }, (_, round) => {
    const row = draws.subarray(round * count, (round + 1) * count);
    return statistic(Array.from(row, (draw) => units[Math.floor(draw * count)]!));
  }).filter(Number.isFinite);
  if (values.length === 0) return null;
  const shift = centred ? value - mean(values) : 0;
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number) => quantileSorted(sorted, share) + shift;
  return { value, interval95: [at(0.025), at(0.975)], n: count };
}

/** NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
