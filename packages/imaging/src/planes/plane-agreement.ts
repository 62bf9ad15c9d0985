// Agreement of two planes pixel by pixel that does not ask for equal intensities: rank correlation (Spearman 1904), mutual
// information of intensities, and the error as a share of the light there is.

import { planeCorrelation } from "./picture-quality.ts";

/** Spearman's correlation over all pixels: Pearson's of the ranks, ties sharing theirs; NaN where one plane does not vary. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return planeCorrelation(ranksOf(a), ranksOf(b));
}

function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return ranks;
}

/** Root of the summed squared error over that of the squared reference (scikit-image's normalized root mean squared error); 0 is equal. */
export function normalizedError(image: ArrayLike<number>, reference: ArrayLike<number>): number {
  let [error, power] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const difference = image[i]! - reference[i]!;
    error += difference * difference;
    power += reference[i]! * reference[i]!;
  }
  return Math.sqrt(error / power);
}

const levels = 256;

/** Mutual information of intensities in [0, 1], in nats, by a joint histogram of 256 levels. */
export function mutualInformation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const level = (value: number) => Math.min(levels - 1, Math.max(0, Math.floor(value * levels)));
  const joint = new Float64Array(levels * levels);
  const [ofA, ofB] = [new Float64Array(levels), new Float64Array(levels)];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [level(a[i]!), level(b[i]!)];
    joint[x * levels + y]!++;
    ofA[x]!++;
    ofB[y]!++;
  }
  let sum = 0;
  for (let i = 0; i < joint.length; i++) {
    const count = joint[i]!;
    if (count > 0)
      sum += count * Math.log((count * a.length) / (ofA[Math.floor(i / levels)]! * ofB[i % levels]!));
  }
  return sum / a.length;
}
