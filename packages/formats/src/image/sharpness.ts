// How sharp a plane is: the variance of its Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield
// microscopy", ICPR 2000), of means over 4 x 4 pixels. Without the means, shot noise decides: in a stack that bleaches
// the brightest plane is the noisiest, and would be taken for the sharpest. Compared between planes of one stack alone.

const binSide = 4;

/** Sharpness of a plane [height, width], 0 where it is flat; NaN where it holds what is no number. */
export function sharpness(plane: Float32Array, height: number, width: number): number {
  const side = Math.max(1, Math.min(binSide, Math.floor(Math.min(height, width) / 3)));
  const [rows, columns] = [Math.floor(height / side), Math.floor(width / side)];
  const means = new Float64Array(rows * columns);
  for (let y = 0; y < rows * side; y++) {
    const row = Math.floor(y / side) * columns;
    for (let x = 0; x < columns * side; x++)
      means[row + Math.floor(x / side)]! += plane[y * width + x]! / side ** 2;
  }
  return varianceOfLaplacian(means, rows, columns);
}

/** Variance of the 4-neighbour Laplacian over the inner places of [height, width]; 0 where there are none. */
export function varianceOfLaplacian(values: Float64Array, height: number, width: number): number {
  const count = Math.max(0, height - 2) * Math.max(0, width - 2);
  if (count === 0) return 0;
  let [sum, squares] = [0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const neighbours = values[at - 1]! + values[at + 1]! + values[at - width]! + values[at + width]!;
      const value = neighbours - 4 * values[at]!;
      sum += value;
      squares += value * value;
    }
  }
  return Math.max(0, squares / count - (sum / count) ** 2);
}
