// Separable Gaussian blur of one plane, which reduces camera noise before thresholds and maxima are looked for.
// Beyond the edge the outermost pixel is repeated.

import type { PlaneSize } from "./distance-transform.ts";

/** Blurs a plane [H, W]; the kernel is cut at three sigma and sums to 1, so flat regions keep their value. */
export function gaussianBlur(plane: Float32Array, size: PlaneSize, sigmaPixels: number): Float32Array {
  const kernel = gaussianKernel(sigmaPixels);
  const { height, width } = size;
  const rows = blurLines(plane, { lines: height, length: width, lineStride: width, step: 1 }, kernel);
  return blurLines(rows, { lines: width, length: height, lineStride: 1, step: width }, kernel);
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

interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly lineStride: number;
  readonly step: number;
}

function blurLines(
  plane: Float32Array,
  { lines, length, lineStride, step }: Lines,
  kernel: Float64Array,
): Float32Array {
  const result = new Float32Array(plane.length);
  for (let line = 0; line < lines; line++) {
    const offset = line * lineStride;
    for (let i = 0; i < length; i++) {
      let sum = kernel[0]! * plane[offset + i * step]!;
      for (let k = 1; k < kernel.length; k++) {
        const before = plane[offset + Math.max(i - k, 0) * step]!;
        const after = plane[offset + Math.min(i + k, length - 1) * step]!;
        sum += kernel[k]! * (before + after);
      }
      result[offset + i * step] = sum;
    }
  }
  return result;
}
