// How well the nuclear proportion of generated images agrees with that of real ones around the same nucleus: correlation, and
// mean errors.

import { sampleCorrelation } from "simple-statistics";
import { mean } from "./bootstrap.ts";

/** The proportion in a generated image and in the real one that shares its nucleus. */
export interface ProportionPair {
  readonly drawn: number;
  readonly real: number;
}

/** Pearson's correlation over images; NaN for fewer than two, or without variation. */
export function correlationOf(pairs: readonly ProportionPair[]): number {
  if (pairs.length < 2) return Number.NaN;
  const [drawn, real] = [pairs.map((pair) => pair.drawn), pairs.map((pair) => pair.real)];
  return sampleCorrelation(drawn, real);
}

/** Mean absolute error. */
export function meanError(pairs: readonly ProportionPair[]): number {
  return mean(pairs.map(({ drawn, real }) => Math.abs(drawn - real)));
}

/** Mean absolute error as a share of the real proportion, over the images where that is not 0. */
export function meanRelativeError(pairs: readonly ProportionPair[]): number {
  const nuclear = pairs.filter(({ real }) => real > 0);
  return mean(nuclear.map(({ drawn, real }) => Math.abs(drawn - real) / real));
}
