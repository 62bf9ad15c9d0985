// Kernel distance of two sets of feature vectors (KID; Binkowski et al. 2018, arXiv:1801.01401): the squared maximum
// mean discrepancy with k(x, y) = (x·y / d + 1)³, in its unbiased form, which can be below 0 and does not fall with n.

/**
 * Kernel distance of a and b [n][dimensions]; NaN where one has fewer than two different rows. A row that occurs twice as the same array,
 * as in a resample, is one vector counted twice: it makes no pair with itself.
 */
export function kernelDistance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return openKernelDistance(b)(a);
}

/** Opens the distance to one set, so that what is of that set alone is computed once. */
export function openKernelDistance(
  reference: readonly Float32Array[],
): (rows: readonly Float32Array[]) => number {
  const withinReference = within(reference);
  return (rows) => within(rows) + withinReference - 2 * across(rows, reference);
}

function within(rows: readonly Float32Array[]): number {
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < i; j++) {
      if (rows[i] === rows[j]) continue;
      sum += kernel(rows[i]!, rows[j]!);
      pairs++;
    }
  }
  return sum / pairs;
}

function across(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let sum = 0;
  for (const x of a) for (const y of b) sum += kernel(x, y);
  return sum / (a.length * b.length);
}

function kernel(x: Float32Array, y: Float32Array): number {
  let product = 0;
  for (let i = 0; i < x.length; i++) product += x[i]! * y[i]!;
  const base = product / x.length + 1;
  return base * base * base; // ** takes many times the time
}
