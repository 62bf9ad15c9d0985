// How well drawn images follow the rule of a simulated proteome. The truth of each protein is known, so that a model's
// figures have an upper limit, that of the proteome's own images, and a lower one: the same images under another protein's
// name.

import { createGenerator } from "@proteoscope/engine";
import type { ProteinTruth } from "../../data/proteome/truth.ts";

/** What the images of a protein show, as a judge sees it. */
export interface ShownProtein {
  readonly truth: ProteinTruth;
  /** Mean probabilities of the image classifier, in the order of the truth's mixture, of sum 1. */
  readonly mixture: readonly number[];
  /** Contrast of details, in any unit. */
  readonly granularity: number;
  /** Mean brightness, in any unit. */
  readonly brightness: number;
}

/** Figures over proteins. */
export interface ProteomeScores {
  readonly proteins: number;
  /** Fraction of proteins whose largest share is that of the rule. */
  readonly accuracy: number;
  /** Correlation of shown and true shares over all proteins and compartments. */
  readonly mixture: number;
  /** Correlation of the contrast of details with the granularity, and of the brightness with the abundance. */
  readonly granularity: number;
  readonly abundance: number;
  /** Over pairs of proteins of one compartment: correlation of how different their images are with how different they must be. */
  readonly pairs: number;
}

/** Scores the images of proteins; NaN where there is too little to correlate. */
export function scoreProteome(shown: readonly ShownProtein[]): ProteomeScores {
  const right = shown.filter(({ mixture, truth }) => largest(mixture) === largest(truth.mixture));
  return {
    proteins: shown.length,
    accuracy: right.length / shown.length,
    mixture: correlate(shown.flatMap(({ mixture, truth }) => mixture.map((x, i) => [x, truth.mixture[i]!]))),
    granularity: correlate(shown.map(({ granularity, truth }) => [granularity, truth.granularity])),
    abundance: correlate(shown.map(({ brightness, truth }) => [brightness, truth.abundance])),
    pairs: correlate(differences(shown)),
  };
}

/** The scores of the same images, each under the name of another protein: what chance and the means of all would reach. */
export function scoreShuffled(shown: readonly ShownProtein[], seed = 0): ProteomeScores {
  const order = createGenerator(seed, "shuffled proteome").shuffle(shown.length);
  const next = new Map(Array.from(order, (item, i) => [item, order[(i + 1) % order.length]!]));
  return scoreProteome(shown.map((protein, i) => ({ ...protein, truth: shown[next.get(i)!]!.truth })));
}

/** For each pair of proteins of one compartment, the distances between what is shown and between what is true. */
function differences(shown: readonly ShownProtein[]): [number, number][] {
  const scaled = standardize(
    shown.map(({ mixture, granularity, brightness }) => [...mixture, granularity, brightness]),
  );
  const wanted = standardize(
    shown.map(({ truth: { mixture, granularity, abundance } }) => [...mixture, granularity, abundance]),
  );
  const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((x, i) => x - b[i]!));
  return shown.flatMap(({ truth }, i) =>
    shown
      .slice(i + 1)
      .flatMap((other, offset): [number, number][] =>
        other.truth.primary === truth.primary
          ? [[distance(scaled[i]!, scaled[i + 1 + offset]!), distance(wanted[i]!, wanted[i + 1 + offset]!)]]
          : [],
      ),
  );
}

/** Columns of zero mean and unit deviation; a constant one is 0. */
function standardize(rows: readonly (readonly number[])[]): number[][] {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column]!)) ?? [];
  const moments = columns.map((values) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(square) || 1 };
  });
  return rows.map((row) => row.map((value, i) => (value - moments[i]!.mean) / moments[i]!.deviation));
}

function correlate(pairs: readonly (readonly [number, number] | readonly number[])[]): number {
  const [x, y] = [0, 1].map((side) => standardize(pairs.map((pair) => [pair[side]!])));
  return x!.reduce((sum, [value], i) => sum + value! * y![i]![0]!, 0) / pairs.length;
}

const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** Contrast of details and brightness of a protein image [H, W] in [0, 1], over the pixels of `side` x `side`. */
export function measureTexture(
  image: Float32Array,
  side: number,
): { granularity: number; brightness: number } {
  const brightness = image.reduce((sum, value) => sum + value, 0) / image.length;
  let square = 0;
  for (let y = 1; y < side - 1; y++)
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      const around = image[at - 1]! + image[at + 1]! + image[at - side]! + image[at + side]!;
      square += (image[at]! - around / 4) ** 2;
    }
  return { brightness, granularity: Math.sqrt(square / (side - 2) ** 2) / Math.max(brightness, 1e-4) };
}
