// Intervals of statistics that depend on sums alone - means, correlations, accuracies of classes - by bootstrap over units:
// each unit (a protein) is one row of sums over its images, and a resample adds rows. So the time does not depend on the
// number of images.

import { createGenerator } from "@proteoscope/engine";
import { type BootstrapOptions, type Estimate, intervalOf } from "./bootstrap.ts";

/** Statistic of the sum of rows [units][width], with its interval; null for no unit or where it is not a number. */
export function bootstrapSums(
  units: readonly ArrayLike<number>[],
  statistic: (sums: Float64Array) => number,
  { seed = 0, rounds = 1000 }: BootstrapOptions = {},
): Estimate | null {
  const count = units.length;
  if (count === 0) return null;
  const width = units[0]!.length;
  const sums = new Float64Array(width);
  const add = (unit: ArrayLike<number>) => {
    for (let i = 0; i < width; i++) sums[i]! += unit[i]!;
  };
  for (const unit of units) add(unit);
  const value = statistic(sums);
  const generator = createGenerator(seed, "bootstrap");
  const resampled = Array.from({ length: rounds }, (_, round) => {
    sums.fill(0);
    for (const draw of generator.uniform(count, round * count)) add(units[Math.floor(draw * count)]!);
    return statistic(sums);
  });
  return intervalOf(value, resampled, count);
}

/** A value of an image, and the unit that it belongs to. */
export interface UnitValue {
  readonly unit: string;
  readonly value: number;
}

/** The mean of values, resampled by unit; values that are not finite are left out. */
export function meanByUnit(values: Iterable<UnitValue>, options?: BootstrapOptions): Estimate | null {
  return bootstrapSums(
    sumByUnit(values, ({ value }) => (Number.isFinite(value) ? [value, 1] : undefined)),
    ([sum, count]) => sum! / count!,
    options,
  );
}

/** Rows of sums, one per unit in the order in which units come; items without terms are left out. */
export function sumByUnit<Item extends { readonly unit: string }>(
  items: Iterable<Item>,
  termsOf: (item: Item) => readonly number[] | undefined,
): Float64Array[] {
  const sums = new Map<string, Float64Array>();
  for (const item of items) {
    const terms = termsOf(item);
    if (terms === undefined) continue;
    const row = sums.get(item.unit) ?? new Float64Array(terms.length);
    for (const [i, term] of terms.entries()) row[i]! += term;
    sums.set(item.unit, row);
  }
  return [...sums.values()];
}
