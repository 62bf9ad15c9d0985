// Histograms of intensities over a whole set of images, and how far two of them lie apart: by the earth mover's distance,
// which is the mean distance in intensity that light would have to move.

const bins = 64;

/** Counts of intensities in [0, 1] in bins of equal width; add planes one by one. */
export interface IntensityHistogram {
  readonly counts: Float64Array;
  add(plane: ArrayLike<number>): void;
}

export function openHistogram(): IntensityHistogram {
  const counts = new Float64Array(bins);
  return {
    counts,
    add(plane) {
      for (let i = 0; i < plane.length; i++)
        counts[Math.min(bins - 1, Math.max(0, Math.floor(plane[i]! * bins)))]!++;
    },
  };
}

/** Earth mover's distance of two histograms of equal bins over [0, 1], each made to sum to 1: 0 same, 1 the farthest. */
export function earthMovers(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [totalA, totalB] = [sumOf(a), sumOf(b)];
  let [ahead, moved] = [0, 0];
  for (let i = 0; i < a.length - 1; i++) {
    ahead += a[i]! / totalA - b[i]! / totalB;
    moved += Math.abs(ahead);
  }
  return moved / (a.length - 1);
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
