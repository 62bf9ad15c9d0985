// Multinomial logistic regression on numbers that describe an image: a judge that is fitted in seconds, to real cells
// alone. Classes count alike however many examples they have, and a ridge keeps the weights small (Hastie, Tibshirani &
// Friedman 2009, "The Elements of Statistical Learning", section 4.4).

/** The probability of each class, from the features of one image. */
export type Judge = (features: ArrayLike<number>) => Float64Array;

export interface LogisticOptions {
  /** Strength of the ridge on the weights of features of unit deviation. Default 0.01. */
  readonly ridge?: number;
  /** Steps of Adam over all rows, its step size falling to 0. Default 400. */
  readonly steps?: number;
}

const firstStep = 0.1;

/**
 * Fits a judge to rows of features and their classes, numbered from 0 below `classes`; a class without a row is never
 * found likely. @throws RangeError when there is no row.
 */
export function fitLogistic(
  rows: readonly ArrayLike<number>[],
  labels: readonly number[],
  classes: number,
  { ridge = 0.01, steps = 400 }: LogisticOptions = {},
): Judge {
  if (rows.length === 0) throw new RangeError("there is no row to fit a logistic regression to");
  const standardize = openStandardization(rows);
  const inputs = rows.map(standardize);
  const counts = Array.from(
    { length: classes },
    (_, name) => labels.filter((label) => label === name).length,
  );
  const present = counts.filter((count) => count > 0).length;
  const rowWeights = labels.map((label) => 1 / (present * counts[label]!));
  const width = inputs[0]!.length;
  const weights = new Float64Array(classes * width);
  const [first, second] = [new Float64Array(weights.length), new Float64Array(weights.length)];
  for (let step = 0; step < steps; step++) {
    // The last input is the constant, which the ridge leaves alone.
    const gradient = weights.map((weight, i) => (i % width === width - 1 ? 0 : ridge * weight));
    for (const [index, row] of inputs.entries()) {
      const probabilities = softmax(logits(weights, row, counts));
      for (let name = 0; name < classes; name++) {
        const slope = rowWeights[index]! * (probabilities[name]! - (labels[index] === name ? 1 : 0));
        for (let i = 0; i < width; i++) gradient[name * width + i]! += slope * row[i]!;
      }
    }
    const size = firstStep * (1 - step / steps);
    for (let i = 0; i < weights.length; i++) {
      first[i] = 0.9 * first[i]! + 0.1 * gradient[i]!;
      second[i] = 0.99 * second[i]! + 0.01 * gradient[i]! ** 2;
      const corrected = first[i]! / (1 - 0.9 ** (step + 1));
      weights[i]! -= (size * corrected) / (Math.sqrt(second[i]! / (1 - 0.99 ** (step + 1))) + 1e-8);
    }
  }
  return (features) => softmax(logits(weights, standardize(features), counts));
}

function logits(weights: Float64Array, row: Float64Array, counts: readonly number[]): Float64Array {
  return Float64Array.from(counts, (count, name) => {
    if (count === 0) return Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += weights[name * row.length + i]! * row[i]!;
    return sum;
  });
}

function softmax(values: Float64Array): Float64Array {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

const farthest = 5; // deviations: a feature of a strange image must not outvote all others

/** Brings features to zero mean and unit deviation over rows, limits them, and adds a constant. */
function openStandardization(rows: readonly ArrayLike<number>[]): (row: ArrayLike<number>) => Float64Array {
  const width = rows[0]!.length;
  const columns = Array.from({ length: width }, (_, i) => {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length;
    const square = rows.reduce((sum, row) => sum + (row[i]! - mean) ** 2, 0) / rows.length;
    return { mean, deviation: Math.sqrt(square) };
  });
  return (row) => {
    const limited = columns.map(({ mean, deviation }, i) =>
      deviation > 0 ? Math.min(farthest, Math.max(-farthest, (row[i]! - mean) / deviation)) : 0,
    );
    return Float64Array.of(...limited, 1);
  };
}
