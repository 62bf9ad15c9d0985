// Statistics of intensities: percentiles, and Otsu's threshold between two classes.
// Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Trans. SMC 9 (1979).

/** Percentiles by linear interpolation between order statistics, as numpy.percentile; no values give NaN. */
export function percentiles(values: Float32Array, ranks: readonly number[]): number[] {
  const last = values.length - 1;
  if (last < 0) return ranks.map(() => NaN);
  const order = values.length < fewValues ? sortedValues(values) : orderStatistics(values);
  return ranks.map((rank) => {
    const position = (rank / 100) * last;
    const below = Math.floor(position);
    const low = order(below);
    return low + (position - below) * (order(Math.min(below + 1, last)) - low);
  });
}

const fewValues = 2 ** 16;

function sortedValues(values: Float32Array): (rank: number) => number {
  const sorted = Float32Array.from(values).sort();
  return (rank) => sorted[rank]!;
}

/**
 * The value of each rank, counted from 0, without sorting a field of millions: by histograms of the upper and of the lower
 * half of the bits. As unsigned integers the bits of floats are in the floats' order once those of negative ones are turned.
 */
function orderStatistics(values: Float32Array): (rank: number) => number {
  const keys = new Uint32Array(Float32Array.from(values).buffer);
  for (let i = 0; i < keys.length; i++) keys[i] = keys[i]! >= signBit ? ~keys[i]! : keys[i]! + signBit;
  const upper = new Uint32Array(halfRange);
  for (let i = 0; i < keys.length; i++) upper[keys[i]! >>> 16]! += 1;
  return (rank) => {
    const high = findBin(upper, rank);
    const lower = new Uint32Array(halfRange);
    for (let i = 0; i < keys.length; i++) if (keys[i]! >>> 16 === high.bin) lower[keys[i]! & 0xffff]! += 1;
    const key = high.bin * halfRange + findBin(lower, high.rest).bin;
    return new Float32Array(Uint32Array.of(key >= signBit ? key - signBit : ~key).buffer)[0]!;
  };
}

const halfRange = 2 ** 16;
const signBit = 2 ** 31;

/** The bin that holds a rank, and the rank in it. */
function findBin(histogram: Uint32Array, rank: number): { bin: number; rest: number } {
  let [bin, rest] = [0, rank];
  for (; rest >= histogram[bin]!; bin++) rest -= histogram[bin]!;
  return { bin, rest };
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
