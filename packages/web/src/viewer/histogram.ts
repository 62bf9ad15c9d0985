// The histogram of planes and the limits that it suggests. Counts
// are of values, never of what is shown.

/** Counts in bins of equal width between `low` and `high`. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

/** Counts the values of all planes; the range is at least 0 to 1, so that two images are comparable. */
export function histogramOf(planes: readonly Float32Array[], bins = 64): Histogram {
  let [low, high] = [0, 1];
  for (const plane of planes)
    for (const value of plane) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  const counts = new Array<number>(bins).fill(0);
  const scale = bins / (high - low);
  for (const plane of planes)
    for (const value of plane) counts[Math.min(bins - 1, Math.floor((value - low) * scale))]! += 1;
  return { low, high, counts };
}

/** The outline of a histogram as an SVG path in a box of `width` x `height`; counts are shown by their logarithm. */
export function histogramPath({ counts }: Histogram, width: number, height: number): string {
  const largest = Math.log1p(Math.max(1, ...counts));
  const step = width / counts.length;
  const bars = counts.map((count, bin) => {
    const top = height - (Math.log1p(count) / largest) * height;
    return `L${(bin * step).toFixed(2)} ${top.toFixed(2)}H${((bin + 1) * step).toFixed(2)}`;
  });
  return `M0 ${height}${bars.join("")}V${height}Z`;
}
