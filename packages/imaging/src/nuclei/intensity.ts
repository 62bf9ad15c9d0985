// Statistics of intensities: percentiles, and Otsu's threshold between two classes.
// Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Trans. SMC 9 (1979).

/** Percentiles by linear interpolation between order statistics, as numpy.percentile; no values give NaN. */
export function percentiles(values: Float32Array, ranks: readonly number[]): number[] {
  const sorted = Float32Array.from(values).sort();
  return ranks.map((rank) => {
    const position = (rank / 100) * (sorted.length - 1);
    const below = Math.floor(position);
    const above = Math.min(below + 1, sorted.length - 1);
    return (sorted[below] ?? NaN) + (position - below) * ((sorted[above] ?? NaN) - (sorted[below] ?? NaN));
  });
}

const bins = 512;

/**
 * The threshold that maximises the variance between the two classes of values lying in [0, 1].
 *
 * Where a gap of empty bins gives many thresholds of equal merit, the middle of the gap is taken.
 */
export function otsuThreshold(values: Float32Array): number {
  const histogram = new Float64Array(bins);
  for (const value of values) histogram[Math.min(bins - 1, Math.floor(value * bins))]! += 1;

  let total = 0;
  for (let bin = 0; bin < bins; bin++) total += bin * histogram[bin]!;
  let below = 0;
  let sumBelow = 0;
  let best = -1;
  let first = 0;
  let last = 0;
  for (let bin = 0; bin < bins - 1; bin++) {
    below += histogram[bin]!;
    sumBelow += bin * histogram[bin]!;
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const merit = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2;
    if (merit > best) {
      best = merit;
      first = bin;
    }
    if (merit >= best) last = bin;
  }
  return ((first + last) / 2 + 1) / bins;
}
