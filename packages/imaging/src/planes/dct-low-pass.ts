// The linear filter that an autoencoder has to beat: of each channel the lowest coefficients of the orthonormal DCT-II,
// as many numbers as the latents hold. It is the best that a code of this size does which knows nothing of cells
// beyond "smooth" (Ahmed, Natarajan & Rao 1974, "Discrete Cosine Transform").

/** How many coefficients per side and channel hold as many numbers as the latents: 35 for 4x25x25 and two channels. */
export function keptPerSide(latentCount: number, imageChannels: number): number {
  return Math.floor(Math.sqrt(latentCount / imageChannels));
}

/**
 * A filter that keeps the `kept` x `kept` lowest DCT coefficients of planes [N, N] and limits the result to [0, 1].
 * @throws RangeError when a plane of that side has no so many coefficients.
 */
export function openDctLowPass(side: number, kept: number): (plane: ArrayLike<number>) => Float32Array {
  if (!Number.isInteger(kept) || kept < 1 || kept > side)
    throw new RangeError(`a plane of side ${side} has no ${kept} coefficients per side: keep 1 to ${side}`);
  const projection = project(side, kept);
  return (plane) => {
    const once = filterRows(plane, projection, side);
    return Float32Array.from(filterRows(once, projection, side), (value) => Math.min(1, Math.max(0, value)));
  };
}

/** The projection [N, N] onto the lowest cosines of one axis. */
function project(side: number, kept: number): Float64Array {
  const cosine = (frequency: number, x: number) =>
    Math.sqrt((frequency === 0 ? 1 : 2) / side) * Math.cos((Math.PI * (2 * x + 1) * frequency) / (2 * side));
  return Float64Array.from({ length: side * side }, (_, i) => {
    const [from, to] = [i % side, Math.floor(i / side)];
    let sum = 0;
    for (let frequency = 0; frequency < kept; frequency++)
      sum += cosine(frequency, from) * cosine(frequency, to);
    return sum;
  });
}

/** Filters along rows and transposes, so that twice is both axes, the right way up. */
function filterRows(plane: ArrayLike<number>, projection: Float64Array, side: number): Float64Array {
  const result = new Float64Array(side * side);
  for (let y = 0; y < side; y++)
    for (let to = 0; to < side; to++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += projection[to * side + x]! * plane[y * side + x]!;
      result[to * side + y] = sum;
    }
  return result;
}
