// Which items make up the batch of a step: a pure function of the seed and the step, so that a resumed run needs no
// state but its step to see exactly the batches it would have seen.

import { createGenerator } from "@proteoscope/engine";

/** Positions of the items of each batch. */
export interface BatchOrder {
  readonly batchSize: number;
  indices(step: number): number[];
}

/** Every item once an epoch, in an order of the epoch's own; batches run on across the borders of epochs. */
export function epochOrder(count: number, batchSize: number, seed: number, name: string): BatchOrder {
  if (count < 1) throw new RangeError(`${name}: there is nothing to draw batches from`);
  let epoch = -1;
  let order = new Uint32Array(0);
  return {
    batchSize,
    indices(step) {
      return Array.from({ length: batchSize }, (_, item) => {
        const position = step * batchSize + item;
        const wanted = Math.floor(position / count);
        if (wanted !== epoch) {
          order = createGenerator(seed, name, "epoch", wanted).shuffle(count);
          epoch = wanted;
        }
        return order[position % count]!;
      });
    },
  };
}

/** Running sums of weights, for `drawIndex`. */
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

/** The index drawn by `uniform` in [0, 1) with probability proportional to its weight. */
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
