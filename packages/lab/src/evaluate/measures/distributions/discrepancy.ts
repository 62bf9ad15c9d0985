// Distances of two sets of vectors by kernels. KID (Binkowski et al. 2018, arXiv:1801.01401) over random subsets, so that its
// value does not depend on n and its time not on n²; and the squared maximum mean discrepancy (Gretton et al. 2012) with a
// Gaussian kernel as wide as the median distance.

import { createGenerator } from "@proteoscope/engine";
import { keepResults } from "@proteoscope/imaging";
import { openKernelDistance } from "@proteoscope/microscope/experiments";
import { median } from "../bootstrap.ts";
import { squaredDistance } from "./neighbourhoods.ts";

export interface SubsetOptions {
  readonly seed?: number;
  /** Default 20. */
  readonly subsets?: number;
  /** Largest size of a subset, default 300. */
  readonly size?: number;
}

/** Mean of the kernel distance over random subsets of equal size; the whole sets, once, where both are no larger. NaN for fewer than two rows. */
export function subsetKernelDistance(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  options: SubsetOptions = {},
): number {
  return openSubsetDistance(b, options)(a, options.subsets);
}

/** Opens the distance to one set, so that what is of its subsets alone is computed once. */
export function openSubsetDistance(
  reference: readonly Float32Array[],
  { seed = 0, size = 300 }: Omit<SubsetOptions, "subsets"> = {},
): (rows: readonly Float32Array[], subsets?: number) => number {
  const choose = (rows: readonly Float32Array[], side: string, subset: number) =>
    Array.from(
      createGenerator(seed, "subset", side, subset).shuffle(rows.length).subarray(0, size),
      (index) => rows[index]!,
    );
  const toWhole = keepResults(openKernelDistance);
  const toSubset = keepResults((subset: number) => openKernelDistance(choose(reference, "b", subset)));
  return (rows, subsets = 20) => {
    if (rows.length <= size && reference.length <= size) return toWhole(reference)(rows);
    let sum = 0;
    for (let subset = 0; subset < subsets; subset++) sum += toSubset(subset)(choose(rows, "a", subset));
    return sum / subsets;
  };
}

/**
 * Unbiased squared maximum mean discrepancy with exp(-|x - y|² / (2 m²)), m the median distance within both sets together. It
 * can be below 0; NaN for fewer than two rows.
 */
export function gaussianDiscrepancy(
  a: readonly ArrayLike<number>[],
  b: readonly ArrayLike<number>[],
): number {
  const rows = [...a, ...b];
  const squares: number[] = [];
  for (let i = 0; i < rows.length; i++)
    for (let j = 0; j < i; j++) squares.push(squaredDistance(rows[i]!, rows[j]!));
  const width = 2 * median(squares.map(Math.sqrt)) ** 2;
  let [withinA, withinB, across] = [0, 0, 0];
  for (let i = 0, pair = 0; i < rows.length; i++)
    for (let j = 0; j < i; j++, pair++) {
      const kernel = Math.exp(-squares[pair]! / width);
      if (i < a.length) withinA += kernel;
      else if (j >= a.length) withinB += kernel;
      else across += kernel;
    }
  const pairs = (n: number) => (n * (n - 1)) / 2;
  return withinA / pairs(a.length) + withinB / pairs(b.length) - (2 * across) / (a.length * b.length);
}
