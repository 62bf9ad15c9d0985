// How sharp a plane is: the variance of its Laplacian, the measure of focus that Pech-Pacheco et al. ("Diatom
// autofocusing in brightfield microscopy", ICPR 2000) proposed. It is compared between the planes of one stack alone.

/** Variance of the 4-neighbour Laplacian over the inner pixels of a plane [height, width]; 0 where there are none. */
export function varianceOfLaplacian(plane: Float32Array, height: number, width: number): number {
  const count = Math.max(0, height - 2) * Math.max(0, width - 2);
  if (count === 0) return 0;
  let [sum, squares] = [0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const neighbours = plane[at - 1]! + plane[at + 1]! + plane[at - width]! + plane[at + width]!;
      const value = neighbours - 4 * plane[at]!;
      sum += value;
      squares += value * value;
    }
  }
  return Math.max(0, squares / count - (sum / count) ** 2);
}
