// How far generated images lie where real ones do, and the reverse, by balls around each image that reach to its k-th nearest
// neighbour: precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991), density and coverage (Naeem et al. 2020,
// arXiv:2002.09797). Values are per image, so that they can be averaged and resampled by protein.

/** Per image, in the order of its set. */
export interface Neighbourhoods {
  /** 1 where a generated image lies in the ball of a real one. */
  readonly precision: Float64Array;
  /** Number of real balls that a generated image lies in, over k. */
  readonly density: Float64Array;
  /** 1 where a real image lies in the ball of a generated one. */
  readonly recall: Float64Array;
  /** 1 where the ball of a real image holds a generated one. */
  readonly coverage: Float64Array;
}

/** Neighbourhoods of real and generated vectors [n][dimensions]; undefined where a side has no more than k. */
export function neighbourhoods(
  real: readonly ArrayLike<number>[],
  generated: readonly ArrayLike<number>[],
  k = 5,
): Neighbourhoods | undefined {
  if (real.length <= k || generated.length <= k) return undefined;
  const [realRadii, generatedRadii] = [radiiOf(real, k), radiiOf(generated, k)];
  const result = {
    ...{ precision: new Float64Array(generated.length), density: new Float64Array(generated.length) },
    ...{ recall: new Float64Array(real.length), coverage: new Float64Array(real.length) },
  };
  for (const [i, a] of real.entries())
    for (const [j, b] of generated.entries()) {
      const distance = squaredDistance(a, b);
      if (distance < realRadii[i]!) {
        result.precision[j] = 1;
        result.density[j]! += 1 / k;
        result.coverage[i] = 1;
      }
      if (distance < generatedRadii[j]!) result.recall[i] = 1;
    }
  return result;
}

/** Squared distance of each vector to its k-th nearest other one. */
function radiiOf(rows: readonly ArrayLike<number>[], k: number): Float64Array {
  const count = rows.length;
  const nearest = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY); // ascending, per row
  const insert = (row: number, distance: number) => {
    let place = row * k + k - 1;
    if (distance >= nearest[place]!) return;
    for (; place > row * k && nearest[place - 1]! > distance; place--) nearest[place] = nearest[place - 1]!;
    nearest[place] = distance;
  };
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(rows[i]!, rows[j]!);
      insert(i, distance);
      insert(j, distance);
    }
  return Float64Array.from({ length: count }, (_, row) => nearest[row * k + k - 1]!);
}

/** The square of the Euclidean distance of two vectors of one length. */
export function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference; // ** takes many times the time
  }
  return sum;
}
