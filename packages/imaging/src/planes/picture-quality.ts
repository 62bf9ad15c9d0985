// How well a picture is reconstructed: signal to noise, structural similarity at one and at several scales (Wang et al. 2004;
// Wang, Simoncelli & Bovik 2003), overlap of the brighter halves (CELL-Diff), and the radial power spectrum, where a blur
// shows as a lack of fine detail and a checkerboard as an excess. Images are planes [N, N] of values in [0, 1]; where a
// height is given, [height, N].

import { keepResults } from "../keep-results.ts";
import type { PlaneSize } from "./distance-transform.ts";
import { openFrequencyBands, powerSpectrum } from "./power-spectrum.ts";

/** Peak signal-to-noise ratio in dB; at most 100, for equal images. */
export function signalToNoise(image: ArrayLike<number>, reference: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    const error = image[i]! - reference[i]!;
    sum += error * error; // ** takes twenty times the time
  }
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
  return compareWindows(image, reference, side, height).similarity;
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
    const { similarity, structure } = compareWindows(x, y, width, rows);
    const ofScale = scale === scales - 1 ? similarity : structure;
    product *= Math.max(0, ofScale) ** (scaleWeights[scale]! / total);
    [x, y] = [halve(x, width, rows), halve(y, width, rows)];
    [width, rows] = [Math.floor(width / 2), Math.floor(rows / 2)];
  }
  return product;
}

/** Means over the windows of two images: of luminance times structure, and of structure alone. */
function compareWindows(a: ArrayLike<number>, b: ArrayLike<number>, width: number, height: number) {
  const product = (x: ArrayLike<number>, y: ArrayLike<number>) => {
    const result = new Float64Array(x.length);
    for (let i = 0; i < result.length; i++) result[i] = x[i]! * y[i]!;
    return result;
  };
  const [meanA, meanB] = [smooth(a, width, height), smooth(b, width, height)];
  const squareA = smooth(product(a, a), width, height);
  const squareB = smooth(product(b, b), width, height);
  const both = smooth(product(a, b), width, height);
  let [similarity, structure] = [0, 0];
  for (let i = 0; i < meanA.length; i++) {
    const [x, y] = [meanA[i]!, meanB[i]!];
    const luminance = (2 * x * y + stabilizer) / (x * x + y * y + stabilizer);
    const spread = squareA[i]! - x * x + squareB[i]! - y * y;
    const ofWindow = (2 * (both[i]! - x * y) + contrastStabilizer) / (spread + contrastStabilizer);
    similarity += luminance * ofWindow;
    structure += ofWindow;
  }
  return { similarity: similarity / meanA.length, structure: structure / meanA.length };
}

/** [H, W] -> [H - 10, W - 10] */
function smooth(plane: ArrayLike<number>, width: number, height: number): Float64Array {
  const inner = Math.max(0, width - window.length + 1);
  const innerHeight = Math.max(0, height - window.length + 1);
  const rows = new Float64Array(height * inner);
  // Weight by weight over whole rows, which is many times faster than window by window.
  for (const [tap, weight] of window.entries())
    for (let y = 0; y < height; y++)
      for (let x = 0; x < inner; x++) rows[y * inner + x]! += weight * plane[y * width + x + tap]!;
  const result = new Float64Array(innerHeight * inner);
  for (const [tap, weight] of window.entries())
    for (let i = 0; i < result.length; i++) result[i]! += weight * rows[i + tap * inner]!;
  return result;
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
  const ofFrequency = ringsOf(bands)(side);
  for (let i = 0; i < spectrum.length; i++) if (ofFrequency[i]! >= 0) power[ofFrequency[i]!]! += spectrum[i]!;
  return power;
}

const ringsOf = keepResults((bands: number) =>
  openFrequencyBands((x, y, side) => {
    const band = Math.floor((Math.hypot(x, y) / side) * 2 * bands);
    return band < bands && (x !== 0 || y !== 0) ? band : -1;
  }),
);

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
