// Separable Gaussian blur of one plane, which reduces camera noise before thresholds and maxima are looked for.
// Beyond the edge the outermost pixel is repeated.

import type { PlaneSize } from "./distance-transform.ts";

/** Blurs a plane [H, W]; the kernel is cut at three sigma and sums to 1, so flat regions keep their value. */
export function gaussianBlur(plane: Float32Array, size: PlaneSize, sigmaPixels: number): Float32Array {
  const kernel = gaussianKernel(sigmaPixels);
  return blurColumns(blurRows(plane, size, kernel), size, kernel);
}

/** Weights for offsets 0, 1, ..., radius; symmetric. */
function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: radius + 1 }, (_, i) =>
    i === 0 ? 1 : Math.exp(-0.5 * (i / sigma) ** 2),
  );
  const sum = 2 * kernel.reduce((total, weight) => total + weight, 0) - kernel[0]!;
  return kernel.map((weight) => weight / sum);
}

function blurRows(plane: Float32Array, { height, width }: PlaneSize, kernel: Float64Array): Float32Array {
  const result = new Float32Array(plane.length);
  const radius = kernel.length - 1;
  const line = new Float64Array(width + 2 * radius); // with the repeated ends
  for (let y = 0; y < height; y++) {
    const offset = y * width;
    for (let i = 0; i < line.length; i++)
      line[i] = plane[offset + Math.min(Math.max(i - radius, 0), width - 1)]!;
    for (let x = 0; x < width; x++) {
      const centre = x + radius;
      let sum = kernel[0]! * line[centre]!;
      for (let k = 1; k <= radius; k++) sum += kernel[k]! * (line[centre - k]! + line[centre + k]!);
      result[offset + x] = sum;
    }
  }
  return result;
}

/** Row by row as well, so that memory is read in its order. */
function blurColumns(plane: Float32Array, { height, width }: PlaneSize, kernel: Float64Array): Float32Array {
  const result = new Float32Array(plane.length);
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) sums[x] = kernel[0]! * plane[y * width + x]!;
    for (let k = 1; k < kernel.length; k++) {
      const above = Math.max(y - k, 0) * width;
      const below = Math.min(y + k, height - 1) * width;
      for (let x = 0; x < width; x++) sums[x]! += kernel[k]! * (plane[above + x]! + plane[below + x]!);
    }
    result.set(sums, y * width);
  }
  return result;
}
