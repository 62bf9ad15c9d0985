// Compares images in pairs: pixels where the two show the same field, and what can be compared of any two - fine detail
// (radial spectrum), the share of light in nuclei, the compartments that the image classifier names, and the distance of
// its features. Definitions: PSNR with L = 1; SSIM with a Gaussian window of 11 pixels (Wang et al. 2004).

import {
  medianOverlap,
  multiScaleSimilarity,
  nuclearProportion,
  planeCorrelation,
  signalToNoise,
  structuralSimilarity,
  tiledSpectrum,
} from "@proteoscope/imaging";
import type { ImageClassifier } from "../image/classifier.ts";
import { cellsOfImage, type MeasuredImage } from "../image/measured-image.ts";
import type { ImagingConstants } from "../model/model.ts";
import { byName, type CompartmentProbabilities } from "../protein/probabilities.ts";

/** What compares images; `labels` are the classes of the classifier. */
export interface ComparisonTools {
  readonly classifier: ImageClassifier;
  readonly labels: readonly string[];
  readonly constants: ImagingConstants;
}

/** What was measured on one of the images. */
export interface ImageFigures {
  readonly height: number;
  readonly width: number;
  /** Power per band of spatial frequency, of equal width up to half a cycle per pixel; its scale is that of the squares of the values. */
  readonly spectrum: readonly number[];
  /** Number of cells that the figures below are means over; 0 without nuclei or pixel size, and they are null then. */
  readonly cells: number;
  readonly nuclearProportion: number | null;
  readonly compartments: CompartmentProbabilities | null;
  /** Mean features of the image classifier, and those of each cell. */
  readonly features: Float32Array | null;
  readonly cellFeatures: readonly Float32Array[];
}

/** Agreement of the pixels; null where the images are not of one size. */
export interface PixelFigures {
  /** Peak signal-to-noise ratio in dB. */
  readonly psnr: number;
  readonly ssim: number;
  readonly msSsim: number;
  readonly pearson: number;
  /** Intersection over union of the pixels above each image's median; 1/3 by chance. */
  readonly medianOverlap: number;
}

/** Two images, compared. */
export interface ImageComparison {
  readonly name: string;
  readonly a: ImageFigures;
  readonly b: ImageFigures;
  readonly pixels: PixelFigures | null;
  /** Power of b divided by that of a per band: below 1 in the last bands where b is blurred. */
  readonly spectrumRatio: readonly number[];
  readonly nuclearProportionDifference: number | null;
  /** Half the sum of the differences of the compartments' probabilities: 0 the same, 1 disjoint. */
  readonly compartmentDistance: number | null;
  /** Euclidean distance between the mean features of the cells, divided by the root of their number. */
  readonly featureDistance: number | null;
}

export const spectrumBands = 16;

/** Compares two images. @throws what the classifier throws. */
export async function compareImages(
  tools: ComparisonTools,
  name: string,
  imageA: MeasuredImage,
  imageB: MeasuredImage,
): Promise<ImageComparison> {
  const [a, b] = [await measureImage(tools, imageA), await measureImage(tools, imageB)];
  const difference = (x: number | null, y: number | null) => (x === null || y === null ? null : y - x);
  return {
    ...{ name, a, b },
    pixels: comparePixels(imageA, imageB),
    spectrumRatio: b.spectrum.map((power, band) => power / a.spectrum[band]!),
    nuclearProportionDifference: difference(a.nuclearProportion, b.nuclearProportion),
    compartmentDistance: a.compartments && b.compartments && totalVariation(a.compartments, b.compartments),
    featureDistance: a.features && b.features && featureDistance(a.features, b.features),
  };
}

/** Root of the mean squared difference of two feature vectors. */
export function featureDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / a.length);
}

function comparePixels(a: MeasuredImage, b: MeasuredImage): PixelFigures | null {
  if (a.height !== b.height || a.width !== b.width) return null;
  const [x, y, width, height] = [b.protein, a.protein, a.width, a.height];
  return {
    psnr: signalToNoise(x, y),
    ssim: structuralSimilarity(x, y, width, height),
    msSsim: multiScaleSimilarity(x, y, width, height),
    pearson: planeCorrelation(x, y),
    medianOverlap: medianOverlap(x, y),
  };
}

async function measureImage(
  { classifier, labels, constants }: ComparisonTools,
  image: MeasuredImage,
): Promise<ImageFigures> {
  const { height, width } = image;
  const area = constants.cropPixels ** 2;
  const cells = cellsOfImage(image, constants);
  const classified = [];
  for (const { planes } of cells) classified.push((await classifier.classify(planes))[0]!);
  const mean = (rows: readonly Float32Array[]) =>
    rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const cellFeatures = classified.map(({ features }) => features);
  const proportions = cells.map(({ planes }) =>
    nuclearProportion(planes.subarray(0, area), planes.subarray(2 * area)),
  );
  const measured = cells.length > 0;
  return {
    ...{ height, width, cells: cells.length, cellFeatures },
    spectrum: [...tiledSpectrum(image.protein, image, spectrumBands)],
    nuclearProportion: measured ? finite(proportions.reduce((sum, p) => sum + p, 0) / cells.length) : null,
    compartments: measured
      ? byName(labels, mean(classified.map(({ probabilities }) => probabilities)))
      : null,
    features: measured ? mean(cellFeatures) : null,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function totalVariation(a: CompartmentProbabilities, b: CompartmentProbabilities): number {
  return Object.keys(a).reduce((sum, name) => sum + Math.abs(a[name]! - b[name]!), 0) / 2;
}
