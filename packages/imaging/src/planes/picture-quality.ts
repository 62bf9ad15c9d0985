// How well a picture is reconstructed: signal to noise, structural similarity at one and at several scales (Wang et al. 2004;
// Wang, Simoncelli & Bovik 2003), overlap of the brighter halves (CELL-Diff), and the radial power spectrum, where a blur
// shows as a lack of fine detail and a checkerboard as an excess. Images are planes [N, N] of values in [0, 1]; where a
// height is given, [height, N].

import type { PlaneSize } from "./distance-transform.ts";
import { cyclesOf, powerSpectrum } from "./power-spectrum.ts";

/** Peak signal-to-noise ratio in dB; at most 100, for equal images. */
export function signalToNoise(image: ArrayLike<number>, reference: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < image.length; i++) sum += (image[i]! - reference[i]!) ** 2;
  return -10 * Math.log10(Math.max(sum / image.length, 1e-10));
}

const [stabilizer, contrastStabilizer] = [0.01 ** 2, 0.03 ** 2];
/** Weights of a window of 11 pixels: a Gaussian of 1.5 pixels. */
const window = (() => {
  const taps = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / total);
})();

/**
 * Mean structural similarity (SSIM) of images [height, side] over the windows inside them; NaN for images smaller than a
 * window (11 pixels).
 */
export function structuralSimilarity(
  image: ArrayLike<number>,
  reference: ArrayLike<number>,
  side: number,
  height = side,
): number {
  const { luminance, structure } = compareWindows(image, reference, side, height);
  return luminance.reduce((sum, value, i) => sum + value * structure[i]!, 0) / luminance.length;
}

const scaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/**
 * Multi-scale structural similarity (MS-SSIM): each scale is half the last, as far as a window fits; their weights sum to
 * 1.
 */
export function multiScaleSimilarity(
  image: ArrayLike<number>,
  reference: ArrayLike<number>,
  side: number,
  height = side,
): number {
  const shorter = Math.min(side, height);
  const scales = scaleWeights.filter((_, scale) => Math.floor(shorter / 2 ** scale) >= window.length).length;
  if (scales === 0) return Number.NaN;
  const total = scaleWeights.slice(0, scales).reduce((sum, weight) => sum + weight, 0);
  let [x, y, width, rows] = [image, reference, side, height];
  let product = 1;
  for (let scale = 0; scale < scales; scale++) {
    const isLast = scale === scales - 1;
    const { luminance, structure } = compareWindows(x, y, width, rows);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const similarity = isLast ? mean(luminance.map((value, i) => value * structure[i]!)) : mean(structure);
    product *= Math.max(0, similarity) ** (scaleWeights[scale]! / total);
    [x, y] = [halve(x, width, rows), halve(y, width, rows)];
    [width, rows] = [Math.floor(width / 2), Math.floor(rows / 2)];
  }
  return product;
}

function compareWindows(a: ArrayLike<number>, b: ArrayLike<number>, width: number, height: number) {
  const product = (x: ArrayLike<number>, y: ArrayLike<number>) => Float64Array.from(x, (v, i) => v * y[i]!);
  const [meanA, meanB, squareA, squareB, both] = [a, b, product(a, a), product(b, b), product(a, b)].map(
    (plane) => smooth(plane, width, height),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const luminance: number[] = [];
  const structure: number[] = [];
  for (let i = 0; i < meanA.length; i++) {
    const [x, y] = [meanA[i]!, meanB[i]!];
    luminance.push((2 * x * y + stabilizer) / (x * x + y * y + stabilizer));
    const spread = squareA[i]! - x * x + squareB[i]! - y * y;
    structure.push((2 * (both[i]! - x * y) + contrastStabilizer) / (spread + contrastStabilizer));
  }
  return { luminance, structure };
}

/** [H, W] -> [H - 10, W - 10] */
function smooth(plane: ArrayLike<number>, width: number, height: number): Float64Array {
  const inner = Math.max(0, width - window.length + 1);
  const innerHeight = Math.max(0, height - window.length + 1);
  const rows = new Float64Array(height * inner);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < inner; x++) rows[y * inner + x] = weigh(plane, y * width + x, 1);
  const result = new Float64Array(innerHeight * inner);
  for (let y = 0; y < innerHeight; y++)
    for (let x = 0; x < inner; x++) result[y * inner + x] = weigh(rows, y * inner + x, inner);
  return result;
}

/** Weighted sum of a window's pixels, `step` apart. */
function weigh(plane: ArrayLike<number>, first: number, step: number): number {
  let sum = 0;
  for (let i = 0; i < window.length; i++) sum += window[i]! * plane[first + i * step]!;
  return sum;
}

/** Means of 2x2 pixels. */
function halve(plane: ArrayLike<number>, width: number, height: number): Float64Array {
  const half = Math.floor(width / 2);
  return Float64Array.from({ length: half * Math.floor(height / 2) }, (_, i) => {
    const at = 2 * Math.floor(i / half) * width + 2 * (i % half);
    return (plane[at]! + plane[at + 1]! + plane[at + width]! + plane[at + width + 1]!) / 4;
  });
}

/** Intersection over union of the pixels above the median of either image; 1/3 for halves that are independent. */
export function medianOverlap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [middleA, middleB] = [medianOf(a), medianOf(b)];
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [a[i]! > middleA, b[i]! > middleB];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return both / either;
}

function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/**
 * Power of an image [side, side] by distance from the origin of the spectrum, [bands]: bands of equal width up to half a
 * cycle per pixel, without the mean of the image.
 */
export function radialSpectrum(plane: ArrayLike<number>, side: number, bands = 5): Float64Array {
  return radialBands(powerSpectrum(plane, side), side, bands);
}

/** The same from a power spectrum [side, side], for whoever needs that for more. */
export function radialBands(spectrum: Float64Array, side: number, bands = 5): Float64Array {
  const power = new Float64Array(bands);
  for (let v = 0; v < side; v++)
    for (let u = 0; u < side; u++) {
      const cycles = Math.hypot(cyclesOf(u, side), cyclesOf(v, side)) / side;
      const band = Math.floor(cycles * 2 * bands);
      if (band < bands && (u !== 0 || v !== 0)) power[band]! += spectrum[v * side + u]!;
    }
  return power;
}

const tileSide = 128;
const mostTiles = 64;

/**
 * The radial spectrum of an image of any size, per pixel: that of a square of at most 128 pixels, or the mean over such
 * squares that lie side by side (Welch 1967), 64 at most, evenly chosen. [bands]
 */
export function tiledSpectrum(
  plane: ArrayLike<number>,
  { height, width }: PlaneSize,
  bands = 5,
): Float64Array {
  const side = Math.min(tileSide, height, width);
  const [rows, columns] = [Math.floor(height / side), Math.floor(width / side)];
  const every = Math.ceil((rows * columns) / mostTiles);
  const power = new Float64Array(bands);
  let tiles = 0;
  for (let tile = 0; tile < rows * columns; tile += every, tiles++) {
    const [top, left] = [side * Math.floor(tile / columns), side * (tile % columns)];
    const square = Float64Array.from({ length: side * side }, (_, i) => {
      return plane[(top + Math.floor(i / side)) * width + left + (i % side)]!;
    });
    for (const [band, value] of radialSpectrum(square, side, bands).entries())
      power[band]! += value / side ** 2;
  }
  return power.map((value) => value / tiles);
}

/** Pearson's correlation of two planes over all pixels; NaN where one does not vary. */
export function planeCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [sumA, sumB] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    sumA += a[i]!;
    sumB += b[i]!;
  }
  const [meanA, meanB] = [sumA / a.length, sumB / a.length];
  let [both, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    both += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA > 0 && squareB > 0 ? both / Math.sqrt(squareA * squareB) : Number.NaN;
}
