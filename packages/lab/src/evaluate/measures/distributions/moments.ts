// Mean and covariance of vectors that come one by one, so that a set of any size is described in the memory of one matrix.
// Products are of the differences to the first vector, so that a large mean costs no digits.

import { Matrix } from "ml-matrix";

export interface Moments {
  readonly count: number;
  readonly mean: Float64Array;
  /** With n - 1. @throws RangeError for fewer than two vectors */
  readonly covariance: Matrix;
}

/** Collects vectors [dimensions]. */
export interface MomentSums {
  add(vector: ArrayLike<number>): void;
  /** @throws RangeError for fewer than two vectors */
  finish(): Moments;
}

export function openMoments(dimensions: number): MomentSums {
  const origin = new Float64Array(dimensions);
  const sums = new Float64Array(dimensions);
  const products = new Float64Array(dimensions * dimensions); // upper triangle
  const difference = new Float64Array(dimensions);
  let count = 0;
  return {
    add(vector) {
      if (count === 0) for (let i = 0; i < dimensions; i++) origin[i] = vector[i]!;
      count++;
      for (let i = 0; i < dimensions; i++) {
        difference[i] = vector[i]! - origin[i]!;
        sums[i]! += difference[i]!;
      }
      for (let i = 0; i < dimensions; i++) {
        const value = difference[i]!;
        if (value === 0) continue;
        const row = i * dimensions;
        for (let j = i; j < dimensions; j++) products[row + j]! += value * difference[j]!;
      }
    },
    finish() {
      if (count < 2) throw new RangeError(`a covariance needs two vectors, got ${count}`);
      const covariance = new Matrix(dimensions, dimensions);
      for (let i = 0; i < dimensions; i++)
        for (let j = i; j < dimensions; j++) {
          const value = (products[i * dimensions + j]! - (sums[i]! * sums[j]!) / count) / (count - 1);
          covariance.set(i, j, value);
          covariance.set(j, i, value);
        }
      return { count, mean: sums.map((sum, i) => origin[i]! + sum / count), covariance };
    },
  };
}
