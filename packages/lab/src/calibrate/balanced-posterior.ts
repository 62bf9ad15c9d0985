// Fits the single-label posterior over all compartments to proteins of one compartment. Every class counts alike, and the
// class with the largest loss counts most (tilted losses, Li et al. 2021, arXiv:2007.01162): cross entropy alone gives up a
// class that sequences hardly reveal, and then no protein is ever predicted there. Compartments are also to be predicted
// about equally often, which settles those that hardly a protein is known of.

import { type LogitCorrection, noCalibration, posteriorProbabilities } from "@proteoscope/models";
import type { Compartment } from "../data/atlas/compartments.ts";
import type { LabelClass } from "../data/atlas/label-class.ts";
import { indicesOf } from "./gradients.ts";
import { type FitOptions, fitCorrection } from "./platt.ts";

/** A protein of one compartment. */
export interface PosteriorExample {
  /** One per label of the head. */
  readonly logits: ArrayLike<number>;
  readonly label: LabelClass;
}

/** A class with fewer proteins than this counts less, so that two or three do not determine a shift. */
const fewestOfClass = 10;
/** How much more the classes with the largest losses count: the power of the likelihood. */
const tilt = 0.5;
/** Weight of equally frequent predictions, relative to the loss. */
const evenness = 0.5;
/** Keeps quotients finite. */
const smallestProbability = 1e-7;

/** The correction for a head's labels. @throws ProteoscopeError where there is no example */
export async function fitPosterior(
  labels: readonly Compartment[],
  examples: readonly PosteriorExample[],
  options: FitOptions = {},
): Promise<LogitCorrection> {
  const none = noCalibration(labels.length);
  const classes = classesOf(labels, examples);
  return fitCorrection(
    labels.length,
    examples.map(({ logits }) => logits),
    (posterior) =>
      gradientsOf(
        classes,
        examples.map(({ logits }) => posteriorProbabilities(logits, { ...none, posterior })),
      ),
    options,
  );
}

interface ExampleClass {
  /** Its examples. */
  readonly rows: readonly number[];
  /** The labels that are right. */
  readonly indices: readonly number[];
  /** At most 1. */
  readonly weight: number;
}

function classesOf(labels: readonly string[], examples: readonly PosteriorExample[]): ExampleClass[] {
  const names = new Set(examples.map(({ label }) => label.name));
  return [...names].map((name) => {
    const rows = [...examples.keys()].filter((row) => examples[row]!.label.name === name);
    return {
      rows,
      indices: indicesOf(labels, examples[rows[0]!]!.label.members),
      weight: Math.min(1, rows.length / fewestOfClass),
    };
  });
}

/** Gradients of the objective with respect to the logits, one row per example; `posteriors` likewise [labels]. */
function gradientsOf(
  classes: readonly ExampleClass[],
  posteriors: readonly ArrayLike<number>[],
): Float64Array[] {
  const total = classes.reduce((sum, { weight }) => sum + weight, 0);
  const predicted = [...new Set(classes.flatMap(({ indices }) => indices))];
  const scored = classes.map((one) => {
    const right = one.rows.map((row) =>
      Math.max(smallestProbability, sumOver(posteriors[row]!, one.indices)),
    );
    return { ...one, right, loss: right.reduce((sum, p) => sum - Math.log(p), 0) / right.length };
  });
  const counts = classCounts(scored, total);
  const frequencies = Array.from({ length: posteriors[0]!.length }, (_, label) =>
    classes.reduce(
      (sum, { rows, weight }) =>
        sum +
        rows.reduce((part, row) => part + posteriors[row]![label]!, 0) * (weight / (total * rows.length)),
      smallestProbability,
    ),
  );
  const gradients = posteriors.map(({ length }) => new Float64Array(length));
  for (const [index, { rows, indices, right, weight }] of scored.entries()) {
    const [share, even] = [counts[index]! / rows.length, weight / (total * rows.length)];
    for (const [item, row] of rows.entries()) {
      const [p, gradient] = [posteriors[row]!, gradients[row]!];
      const excess = predicted.reduce((sum, label) => sum + p[label]! / frequencies[label]!, 0);
      for (let label = 0; label < p.length; label++) {
        const isRight = indices.includes(label) ? 1 / right[item]! : 0;
        const inverse = predicted.includes(label) ? 1 / frequencies[label]! : 0;
        gradient[label] =
          share * p[label]! * (1 - isRight) -
          (evenness / predicted.length) * even * p[label]! * (inverse - excess);
      }
    }
  }
  return gradients;
}

interface ScoredClass extends ExampleClass {
  /** Mean cross entropy. */
  readonly loss: number;
}

/**
 * What each class's loss counts: the gradient of the logarithm of the mean of exp(tilt * loss), where the loss of a class
 * is shrunk towards the mean of all, the more the fewer proteins it has.
 */
function classCounts(classes: readonly ScoredClass[], total: number): number[] {
  const mean = classes.reduce((sum, { weight, loss }) => sum + (weight * loss) / total, 0);
  const own = classes.map(({ rows }) => rows.length / (rows.length + fewestOfClass));
  const tilted = classes.map(
    ({ weight, loss }, i) => weight * Math.exp(tilt * (own[i]! * loss + (1 - own[i]!) * mean)),
  );
  const sum = tilted.reduce((a, b) => a + b, 0);
  const shared = tilted.reduce((all, x, i) => all + (x / sum) * (1 - own[i]!), 0);
  return classes.map(({ weight }, i) => (tilted[i]! / sum) * own[i]! + (weight / total) * shared);
}

function sumOver(values: ArrayLike<number>, indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + values[index]!, 0);
}
