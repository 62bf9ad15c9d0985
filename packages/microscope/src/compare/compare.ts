// Compares pairs of images, one after the other: a pair that cannot be read is named, and the others are compared.
//
//     for await (const result of compare(tools, pairs, { signal, onProgress }))
//       if (result.comparison !== undefined) show(result.comparison);

import type { MeasuredImage } from "../image/measured-image.ts";
import type { WorkOptions } from "../progress.ts";
import { type ComparisonTools, compareImages, type ImageComparison } from "./compare-images.ts";
import { kernelDistance } from "./kernel-distance.ts";

/** Two images by name, which are read when they are compared. */
export interface ImagePair {
  readonly name: string;
  readA(): Promise<MeasuredImage>;
  readB(): Promise<MeasuredImage>;
}

/** A pair that was compared with its images, or why it was not. */
export type PairResult =
  | {
      readonly name: string;
      readonly comparison: ImageComparison;
      readonly images: readonly [a: MeasuredImage, b: MeasuredImage];
      readonly error?: undefined;
    }
  | { readonly name: string; readonly comparison?: undefined; readonly error: unknown };

/** Compares every pair, in their order. @throws the signal's reason when it is aborted. */
export async function* compare(
  tools: ComparisonTools,
  pairs: readonly ImagePair[],
  { signal, onProgress }: Partial<WorkOptions> = {},
): AsyncGenerator<PairResult, void, undefined> {
  for (const [index, { name, readA, readB }] of pairs.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "compare", done: index, total: pairs.length, unit: "pairs", note: name });
    let result: PairResult;
    try {
      const images = [await readA(), await readB()] as const;
      result = { name, images, comparison: await compareImages(tools, name, ...images) };
    } catch (error) {
      signal?.throwIfAborted();
      result = { name, error };
    }
    yield result;
  }
  onProgress?.({ phase: "compare", done: pairs.length, total: pairs.length, unit: "pairs" });
}

/** Mean and standard deviation over the pairs that have a figure, and their number. */
export interface FigureSummary {
  readonly mean: number;
  /** Standard deviation of single pairs, with n - 1; null for one. */
  readonly standardDeviation: number | null;
  readonly n: number;
}

/** The figures of all pairs by name, and the kernel distance between the cells of A and those of B. */
export interface ComparisonSummary {
  readonly figures: Readonly<Record<string, FigureSummary>>;
  /** Unbiased, so that it can be below 0; null with fewer than two cells on a side. */
  readonly kernelDistance: number | null;
  readonly cells: { readonly a: number; readonly b: number };
}

/** The figures of one pair as a row: names of CSV columns and JSON fields, without what is null. */
export function figuresOf({ pixels, a, b, ...rest }: ImageComparison): Record<string, number> {
  const row: Record<string, number | null | undefined> = {
    ssim: pixels?.ssim,
    ms_ssim: pixels?.msSsim,
    psnr: pixels?.psnr,
    pearson: pixels?.pearson,
    median_overlap: pixels?.medianOverlap,
    fine_detail_ratio: rest.spectrumRatio.at(-1),
    nuclear_proportion_a: a.nuclearProportion,
    nuclear_proportion_b: b.nuclearProportion,
    compartment_distance: rest.compartmentDistance,
    feature_distance: rest.featureDistance,
    ...{ cells_a: a.cells, cells_b: b.cells },
  };
  const known = Object.entries(row).filter(([, value]) => Number.isFinite(value ?? Number.NaN));
  return Object.fromEntries(known) as Record<string, number>;
}

/** Summarizes all pairs. */
export function summarizeComparisons(comparisons: readonly ImageComparison[]): ComparisonSummary {
  const rows = comparisons.map(figuresOf);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const figures = names.map((name) => {
    const values = rows.flatMap((row) => row[name] ?? []);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const standardDeviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null;
    return [name, { mean, standardDeviation, n: values.length }] as const;
  });
  const a = comparisons.flatMap((pair) => pair.a.cellFeatures);
  const b = comparisons.flatMap((pair) => pair.b.cellFeatures);
  return {
    figures: Object.fromEntries(figures),
    kernelDistance: a.length > 1 && b.length > 1 ? kernelDistance(a, b) : null,
    cells: { a: a.length, b: b.length },
  };
}
