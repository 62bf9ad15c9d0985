// How far the samples of one protein in one cell agree with each other: a measure of the model's certainty, not of
// its correctness (a model can be certain and wrong), and to be shown as such.

/** How far samples agree with each other. */
export interface Agreement {
  /** Mean Pearson correlation of all pairs inside the footprint, clipped to [0, 1]; null for a single sample. */
  readonly reliability: number | null;
  /** Index of the sample with the highest mean correlation to the others. */
  readonly medoid: number;
  /** Population standard deviation over the samples per pixel, [H, W]. */
  readonly standardDeviation: Float32Array;
}

/**
 * Compares K samples [H, W] of one channel inside a cell's footprint [H, W] (non-zero = inside).
 *
 * A sample without variation inside the footprint correlates 0 with every other.
 * @throws RangeError for no sample, planes of different sizes, or an empty footprint
 */
export function sampleAgreement(samples: readonly Float32Array[], footprint: ArrayLike<number>): Agreement {
  if (samples.length === 0) throw new RangeError("agreement needs at least one sample");
  const inside: number[] = [];
  for (let pixel = 0; pixel < footprint.length; pixel++) if (footprint[pixel] !== 0) inside.push(pixel);
  if (inside.length === 0) throw new RangeError("the footprint of the cell is empty: no pixel to compare");
  for (const sample of samples) {
    if (sample.length !== footprint.length) {
      throw new RangeError(`a sample holds ${sample.length} pixels, the footprint ${footprint.length}`);
    }
  }

  const directions = samples.map((sample) => standardise(sample, inside));
  const totals = new Float64Array(samples.length);
  for (let a = 0; a < samples.length; a++) {
    for (let b = a + 1; b < samples.length; b++) {
      const correlation = dot(directions[a]!, directions[b]!);
      totals[a]! += correlation;
      totals[b]! += correlation;
    }
  }
  const pairs = samples.length * (samples.length - 1);
  const mean = totals.reduce((sum, total) => sum + total, 0) / pairs;
  return {
    reliability: pairs === 0 ? null : Math.min(1, Math.max(0, mean)),
    medoid: totals.indexOf(Math.max(...totals)),
    standardDeviation: deviationOverSamples(samples),
  };
}

/**
 * A mask [H, W] that stands in for the outline of the cell: every pixel no further than reachPixels from a nucleus.
 *
 * distance [H, W] is the signed nuclear distance. The default, 24 pixels of 0.41 um, is 10 um of cytoplasm.
 */
export function cellFootprint(distance: Float32Array, reachPixels = 24): Uint8Array {
  return Uint8Array.from(distance, (value) => (value >= -reachPixels ? 1 : 0));
}

/** The values inside, less their mean, at length 1; all zero if they do not vary. */
function standardise(sample: Float32Array, inside: readonly number[]): Float64Array {
  const values = Float64Array.from(inside, (pixel) => sample[pixel]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const length = Math.sqrt(dot(centred, centred));
  return centred.map((value) => (length > 1e-9 ? value / length : 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function deviationOverSamples(samples: readonly Float32Array[]): Float32Array {
  return samples[0]!.map((_, pixel) => {
    const mean = samples.reduce((sum, sample) => sum + sample[pixel]!, 0) / samples.length;
    const variance = samples.reduce((sum, sample) => sum + (sample[pixel]! - mean) ** 2, 0) / samples.length;
    return Math.sqrt(variance);
  });
}
