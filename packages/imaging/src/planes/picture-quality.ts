// How well a picture is reconstructed: signal to noise, structural similarity at one and at several scales (Wang et al. 2004;
// Wang, Simoncelli & Bovik 2003), overlap of the brighter halves (CELL-Diff), and the radial power spectrum, where a blur
// shows as a lack of fine detail and a checkerboard as an excess. Images are planes [N, N] of values in [0, 1].

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
 * Mean structural similarity (SSIM) of images [side, side] over the windows inside them; NaN for images smaller than a
 * window (11 pixels).
 */
export function structuralSimilarity(
  image: ArrayLike<number>,
  reference: ArrayLike<number>,
  side: number,
): number {
  const { luminance, structure } = compareWindows(image, reference, side);
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
): number {
  const scales = scaleWeights.filter((_, scale) => Math.floor(side / 2 ** scale) >= window.length).length;
  if (scales === 0) return Number.NaN;
  const total = scaleWeights.slice(0, scales).reduce((sum, weight) => sum + weight, 0);
  let [x, y, width] = [image, reference, side];
  let product = 1;
  for (let scale = 0; scale < scales; scale++) {
    const isLast = scale === scales - 1;
    const { luminance, structure } = compareWindows(x, y, width);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const similarity = isLast ? mean(luminance.map((value, i) => value * structure[i]!)) : mean(structure);
    product *= Math.max(0, similarity) ** (scaleWeights[scale]! / total);
    [x, y, width] = [halve(x, width), halve(y, width), Math.floor(width / 2)];
  }
  return product;
}

function compareWindows(a: ArrayLike<number>, b: ArrayLike<number>, side: number) {
  const product = (x: ArrayLike<number>, y: ArrayLike<number>) => Float64Array.from(x, (v, i) => v * y[i]!);
  const [meanA, meanB, squareA, squareB, both] = [a, b, product(a, a), product(b, b), product(a, b)].map(
    (plane) => smooth(plane, side),
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

/** [N, N] -> [N - 10, N - 10] */
function smooth(plane: ArrayLike<number>, side: number): Float64Array {
  const inner = Math.max(0, side - window.length + 1);
  const rows = new Float64Array(side * inner);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < inner; x++)
      rows[y * inner + x] = window.reduce((sum, tap, i) => sum + tap * plane[y * side + x + i]!, 0);
  const result = new Float64Array(inner * inner);
  for (let y = 0; y < inner; y++)
    for (let x = 0; x < inner; x++)
      result[y * inner + x] = window.reduce((sum, tap, i) => sum + tap * rows[(y + i) * inner + x]!, 0);
  return result;
}

/** Means of 2x2 pixels. */
function halve(plane: ArrayLike<number>, side: number): Float64Array {
  const half = Math.floor(side / 2);
  return Float64Array.from({ length: half * half }, (_, i) => {
    const at = 2 * Math.floor(i / half) * side + 2 * (i % half);
    return (plane[at]! + plane[at + 1]! + plane[at + side]! + plane[at + side + 1]!) / 4;
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
  const angles = Float64Array.from({ length: side }, (_, i) => (2 * Math.PI * i) / side);
  const [cosines, sines] = [angles.map(Math.cos), angles.map(Math.sin)];
  // Rows first: [y, frequency], real and imaginary.
  const [real, imaginary] = [new Float64Array(side * side), new Float64Array(side * side)];
  for (let y = 0; y < side; y++) {
    for (let u = 0; u < side; u++) {
      let [re, im] = [0, 0];
      for (let x = 0; x < side; x++) {
        const value = plane[y * side + x]!;
        re += value * cosines[(u * x) % side]!;
        im -= value * sines[(u * x) % side]!;
      }
      real[y * side + u] = re;
      imaginary[y * side + u] = im;
    }
  }
  const power = new Float64Array(bands);
  const cycles = (frequency: number) => Math.min(frequency, side - frequency) / side;
  for (let u = 0; u < side; u++) {
    for (let v = 0; v < side; v++) {
      const band = Math.floor(Math.hypot(cycles(u), cycles(v)) * 2 * bands);
      if (band >= bands || (u === 0 && v === 0)) continue;
      let [re, im] = [0, 0];
      for (let y = 0; y < side; y++) {
        const [cos, sin] = [cosines[(v * y) % side]!, sines[(v * y) % side]!];
        re += real[y * side + u]! * cos + imaginary[y * side + u]! * sin;
        im += imaginary[y * side + u]! * cos - real[y * side + u]! * sin;
      }
      power[band]! += (re * re + im * im) / side ** 2;
    }
  }
  return power;
}
