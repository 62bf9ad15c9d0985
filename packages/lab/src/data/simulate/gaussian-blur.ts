// Gaussian blur of a square plane, one axis at a time; the border's pixels go on outside it. Stands in for the
// point-spread function of a microscope.

/** A blurred copy [N, N]; sigma in pixels. */
export function gaussianBlur(plane: Float32Array, side: number, sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  const weights = kernel.map((value) => value / total);
  return blurRows(blurRows(plane, side, weights), side, weights);
}

// Blurs along rows and writes the result transposed, so that twice is both axes, the right way up.
function blurRows(plane: Float32Array, side: number, weights: Float64Array): Float32Array {
  const reach = (weights.length - 1) / 2;
  const result = new Float32Array(plane.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let sum = 0;
      for (let i = -reach; i <= reach; i++) {
        const column = Math.min(side - 1, Math.max(0, x + i));
        sum += weights[i + reach]! * plane[y * side + column]!;
      }
      result[x * side + y] = sum;
    }
  }
  return result;
}
