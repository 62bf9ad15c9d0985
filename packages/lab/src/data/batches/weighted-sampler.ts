// Samples items by weight from a number in [0, 1). The caller gives the number, from a stream that is keyed by the seed and
// the step, so that a resumed run needs no state but its step to see the batches that it would have seen.

/** Running sums of weights, for `drawIndex`. @throws RangeError for a weight that is negative or no number, and for none */
export function cumulate(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < sums.length; i++) {
    if (!(weights[i]! >= 0)) throw new RangeError(`weight ${i} is ${weights[i]}`);
    sums[i] = total += weights[i]!;
  }
  if (!(total > 0)) throw new RangeError("no weight is above 0");
  return sums;
}

/** The index that `uniform` in [0, 1) selects; its probability is proportional to its weight. */
export function drawIndex(sums: Float64Array, uniform: number): number {
  const target = uniform * sums[sums.length - 1]!;
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
