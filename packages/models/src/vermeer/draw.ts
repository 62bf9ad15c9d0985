// How a token is chosen from logits: temperature, the k most likely, those that make up a probability p, and a random number
// that the caller has, so that a picture can be drawn again from its record.

/** Which tokens may be drawn. */
export interface DrawOptions {
  /** Divides the logits. Default 1. */
  readonly temperature?: number;
  /** Only the k largest logits, and their equals, stay; all when absent. */
  readonly topK?: number;
  /** Only the likeliest tokens stay whose probability before them is at most p. Default 1: all. */
  readonly topP?: number;
}

/** Probabilities of the tokens that may be drawn; others have 0. */
export function drawProbabilities(
  logits: Float32Array,
  { temperature = 1, topK, topP = 1 }: DrawOptions = {},
): Float64Array {
  const scaled = Float64Array.from(logits, (value) => value / Math.max(temperature, 1e-5));
  if (topK !== undefined && topK < scaled.length) {
    const least = scaled.toSorted()[scaled.length - topK]!;
    for (const [token, value] of scaled.entries()) if (value < least) scaled[token] = -Infinity;
  }
  if (topP < 1) {
    const all = softmaxOf(scaled);
    const order = [...scaled.keys()].sort((a, b) => scaled[b]! - scaled[a]! || a - b);
    let before = 0;
    for (const [rank, token] of order.entries()) {
      if (rank > 0 && before > topP) scaled[token] = -Infinity;
      before += all[token]!;
    }
  }
  return softmaxOf(scaled);
}

function softmaxOf(values: Float64Array): Float64Array {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = values.map((value) => Math.exp(value - most));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** The token with the largest value, the first of equal ones. */
export function greedyToken(logits: ArrayLike<number>): number {
  let best = 0;
  for (let token = 1; token < logits.length; token += 1) if (logits[token]! > logits[best]!) best = token;
  return best;
}

/** The token at which the cumulated probability passes a number that is uniform in [0, 1). */
export function tokenAt(probabilities: Float64Array, uniform: number): number {
  let sum = 0;
  for (const [token, probability] of probabilities.entries()) {
    sum += probability;
    if (sum > uniform) return token;
  }
  return probabilities.findLastIndex((probability) => probability > 0);
}

/** The token whose probability is largest relative to a number of its own, exponentially distributed, as PyTorch draws. */
export function tokenByExponentials(probabilities: Float64Array, exponentials: ArrayLike<number>): number {
  return greedyToken(Float64Array.from(probabilities, (p, token) => p / exponentials[token]!));
}
