// The metric card of compared images: both images with what differs, their radial spectra, and the figures in words. A card is
// for eyes; the table has every pair and every digit.

import {
  blankImage,
  composite,
  drawText,
  fillRectangle,
  layerColours,
  type RgbColour,
  type RgbImage,
  resamplePlane,
  type Tile,
  tileImages,
} from "@proteoscope/imaging";
import type { MeasuredImage } from "../image/measured-image.ts";
import { type CompartmentProbabilities, mostProbable } from "../protein/probabilities.ts";
import type { ImageComparison } from "./compare-images.ts";

/** A comparison with its images. */
export interface CardEntry {
  readonly comparison: ImageComparison;
  readonly images: readonly [a: MeasuredImage, b: MeasuredImage];
}

const side = 200; // pixels of a tile
const { green, magenta, blue, grey } = layerColours;

/** Draws the card, one row per pair. */
export function drawComparisonCard(entries: readonly CardEntry[]): RgbImage {
  const rows = entries.map(({ comparison, images }): Tile[] => {
    const [a, b] = images.map(fit) as [MeasuredImage, MeasuredImage];
    return [
      { image: picture(a), label: `A ${comparison.name}`, synthetic: images[0].isSynthetic === true },
      { image: picture(b), label: "B", synthetic: images[1].isSynthetic === true },
      { image: difference(a, b, comparison.pixels !== null), label: "A magenta, B green" },
      { image: spectra(comparison), label: "power by frequency" },
      { image: text(describe(comparison)), label: "figures" },
    ];
  });
  return tileImages(rows);
}

/** The image with its longer side at the size of a tile. */
function fit(image: MeasuredImage): MeasuredImage {
  const scale = side / Math.max(image.height, image.width);
  const size = {
    height: Math.max(1, Math.round(image.height * scale)),
    width: Math.max(1, Math.round(image.width * scale)),
  };
  const resize = (plane: Float32Array) => resamplePlane(plane, image, size);
  const { protein, nucleus, pixelSizeMicrons } = image;
  return { ...size, pixelSizeMicrons, protein: resize(protein), nucleus: nucleus && resize(nucleus) };
}

function picture(image: MeasuredImage): RgbImage {
  const layers = [{ plane: image.protein, colour: image.nucleus ? green : grey }];
  return composite(image.nucleus ? [{ plane: image.nucleus, colour: blue }, ...layers] : layers, image);
}

/** Equal pixels are grey. */
function difference(a: MeasuredImage, b: MeasuredImage, isSameSize: boolean): RgbImage {
  if (!isSameSize) return text(["the images are", "of different sizes:", "no pixel figures"]);
  const layers = [
    { plane: a.protein, colour: magenta },
    { plane: b.protein, colour: [0, 255, 55] as const },
  ];
  return composite(layers, a);
}

/** Both spectra on a logarithmic scale, from low to high frequency. */
function spectra({ a, b }: ImageComparison): RgbImage {
  const image = blankImage(side, side, [20, 20, 20]);
  const logs = [a, b].map(({ spectrum }) => spectrum.map((power) => Math.log10(Math.max(power, 1e-12))));
  const all = logs.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const plot = (values: readonly number[], colour: RgbColour) => {
    const at = (position: number) => {
      const band = Math.min(values.length - 2, Math.floor(position));
      return values[band]! + (position - band) * (values[band + 1]! - values[band]!);
    };
    for (let x = 0; x < side; x++) {
      const value = at((x / (side - 1)) * (values.length - 1));
      const y = Math.round((side - 14) * (1 - (value - low) / (high - low || 1))) + 2;
      fillRectangle(image, { x, y, width: 1, height: 2 }, colour);
    }
  };
  plot(logs[0]!, magenta);
  plot(logs[1]!, green);
  drawText(image, "0", { x: 2, y: side - 9 });
  drawText(image, "1/2 per pixel", { x: side - 82, y: side - 9 });
  return image;
}

function text(lines: readonly string[]): RgbImage {
  const image = blankImage(260, side, [0, 0, 0]);
  for (const [index, line] of lines.entries()) drawText(image, line, { x: 2, y: 4 + 13 * index });
  return image;
}

function describe({ pixels, a, b, ...rest }: ImageComparison): string[] {
  const number = (value: number | null | undefined, digits = 3) =>
    value === null || value === undefined || !Number.isFinite(value) ? "-" : value.toFixed(digits);
  const first = (compartments: CompartmentProbabilities | null) => {
    if (compartments === null) return "-";
    const name = mostProbable(compartments);
    return `${name} ${compartments[name]!.toFixed(2)}`;
  };
  return [
    `SSIM ${number(pixels?.ssim)}  MS-SSIM ${number(pixels?.msSsim)}`,
    `PSNR ${number(pixels?.psnr, 1)} dB  Pearson ${number(pixels?.pearson)}`,
    `median overlap ${number(pixels?.medianOverlap)}`,
    `fine detail B / A ${number(rest.spectrumRatio.at(-1), 2)}`,
    `cells A ${a.cells}, B ${b.cells}`,
    `nuclear proportion A ${number(a.nuclearProportion, 2)}, B ${number(b.nuclearProportion, 2)}`,
    `A ${first(a.compartments)}`,
    `B ${first(b.compartments)}`,
    `compartment distance ${number(rest.compartmentDistance)}`,
    `feature distance ${number(rest.featureDistance)}`,
  ];
}
