// Cuts a field of nuclei into the crops that the image model knows: its pixel size, one nucleus in the middle,
// intensities scaled by the field's percentiles, and the signed distance to the nuclear border.
// Conventions of the OpenCell crops (Kobayashi et al. 2022): 100x100 pixels of 0.4126 um.

import { copyWindow } from "../planes/copy-window.ts";
import type { PlaneSize } from "../planes/distance-transform.ts";
import { nuclearDistance } from "../planes/nuclear-distance.ts";
import { resamplePlane } from "../planes/resample-plane.ts";
import { findEmptyParts } from "./empty-parts.ts";
import { percentiles } from "./intensity.ts";
import { maskWhere, valuesWhere } from "./regions.ts";
import {
  type Nucleus,
  runSteps,
  type Segmentation,
  type SegmentOptions,
  segmentInSteps,
} from "./segment-nuclei.ts";

/** The plane's size and pixel size, what counts as a nucleus, and what the crops are like. */
export interface CropOptions extends Omit<SegmentOptions, "ignored"> {
  /** Pixel size of the crops in micrometres. Default 0.4126. */
  readonly modelPixelSizeMicrons?: number;
  /** Side of the crops in pixels. Default 100. */
  readonly cropPixels?: number;
}

/** A square picture around one nucleus as the image model takes it, and where it was cut. S is the side in pixels. */
export interface NucleusCrop {
  /** DNA stain in [0, 1]. [S, S] */
  readonly nucleus: Float32Array;
  /** 1 on every nucleus of the crop, 0 elsewhere. [S, S] */
  readonly mask: Uint8Array;
  /** 0, or the label that the field's segmentation gives the nucleus of the pixel. [S, S] */
  readonly labels: Int32Array;
  /** Label of the nucleus that the crop was made for. */
  readonly label: number;
  /** Signed distance to the nuclear border in pixels of the crop, positive inside. [S, S] */
  readonly distance: Float32Array;
  /** The nucleus in the resampled field. */
  readonly centralNucleus: Nucleus;
  /** The crop's first pixel in the resampled field; negative where it is padded. */
  readonly origin: { readonly x: number; readonly y: number };
  /** Pixels of zeros on each side, for fields smaller than a crop. */
  readonly padding: {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
  };
}

/** A field whose nuclei are found, at the pixel size of the crops. */
export interface SegmentedField {
  /** DNA stain in [0, 1]. [H, W] */
  readonly stain: Float32Array;
  readonly segmentation: Segmentation;
  /** Size of the resampled field, which the segmentation and all positions refer to. */
  readonly fieldSize: PlaneSize;
  /** Pixel size of the resampled field and of the crops. */
  readonly pixelSizeMicrons: number;
  /** Fraction of the image that shows nothing, such as the gaps of a mosaic; it takes no part in the statistics. */
  readonly emptyFraction: number;
  /** Intensities that became 0 and 1. */
  readonly limits: { readonly low: number; readonly high: number };
}

/** All crops of one field, with what they were cut from. */
export interface CroppedField extends SegmentedField {
  /** One per nucleus, in scanning order. Nuclei cut by the field's frame are left out if there are whole ones. */
  readonly crops: readonly NucleusCrop[];
}

/**
 * Finds the nuclei of one plane [H, W] of finite intensities in any unit and cuts a crop around each; none found gives
 * none. The plane is brought to the model's pixel size first, so positions and sizes are those of the resampled field.
 */
export function cropNuclei(image: Float32Array, options: CropOptions): CroppedField {
  const field = runSteps(segmentFieldInSteps(image, options));
  return { ...field, crops: wholeNuclei(field).map((nucleus) => cutCrop(field, nucleus, options)) };
}

/** The nuclei that the frame does not cut, in scanning order; where there is none, those that it cuts. */
export function wholeNuclei({ segmentation: { nuclei } }: SegmentedField): readonly Nucleus[] {
  const whole = nuclei.filter((nucleus) => !nucleus.touchesBorder);
  return whole.length > 0 ? whole : nuclei;
}

/** Finds the nuclei of one plane, as `cropNuclei` does, in steps that yield the fraction that is done. */
export function* segmentFieldInSteps(
  image: Float32Array,
  options: CropOptions,
): Generator<number, SegmentedField, undefined> {
  const { modelPixelSizeMicrons = 0.4126 } = options;
  const scale = options.pixelSizeMicrons / modelPixelSizeMicrons;
  const fieldSize = {
    height: Math.max(1, Math.round(options.height * scale)),
    width: Math.max(1, Math.round(options.width * scale)),
  };
  const empty = findEmptyParts(image, options, options.pixelSizeMicrons);
  yield 0.02;
  const field = resamplePlane(empty ? fillParts(image, empty) : image, options, fieldSize);
  const ignored = empty && resampleParts(empty, options, fieldSize);
  const segmentation = yield* segmentInSteps(field, {
    ...{ ...options, ...fieldSize, pixelSizeMicrons: modelPixelSizeMicrons },
    ...(ignored && { ignored }),
  });
  const limits = intensityLimits(field, segmentation.mask, ignored);
  const range = limits.high - limits.low;
  const stain = field.map((value) => Math.min(1, Math.max(0, (value - limits.low) / range)));
  const emptyFraction = (empty?.reduce((sum, value) => sum + value, 0) ?? 0) / image.length;
  return { stain, segmentation, fieldSize, pixelSizeMicrons: modelPixelSizeMicrons, emptyFraction, limits };
}

/** The image with its empty parts at the level of a dark background, so that their edges show no step. */
function fillParts(image: Float32Array, empty: Uint8Array): Float32Array {
  const shown = valuesWhere(image, (pixel) => empty[pixel] === 0);
  const level = percentiles(shown, [20])[0]!;
  return image.map((value, pixel) => (empty[pixel] === 0 ? value : level));
}

/** 1 on every pixel of the resampled field that an empty part has a share in. */
function resampleParts(empty: Uint8Array, from: PlaneSize, to: PlaneSize): Uint8Array {
  const shares = resamplePlane(Float32Array.from(empty), from, to);
  return maskWhere(shares.length, (pixel) => shares[pixel]! > 0);
}

/**
 * The field's 20th and 99.8th percentile, as the training crops were scaled, held to where nuclei and background
 * lie: in a nearly empty field 99.8 % of the pixels, in a nearly full one more than 80 %, are of one kind.
 */
function intensityLimits(
  field: Float32Array,
  mask: Uint8Array,
  ignored: Uint8Array | undefined,
): { low: number; high: number } {
  const shown = ignored ? valuesWhere(field, (pixel) => ignored[pixel] === 0) : field;
  const [low, high] = percentiles(shown, [20, 99.8]) as [number, number];
  const background = valuesWhere(field, (pixel) => mask[pixel] === 0 && !ignored?.[pixel]);
  const nuclei = valuesWhere(field, (pixel) => mask[pixel] !== 0);
  if (background.length === 0 || nuclei.length === 0) return { low, high };
  return {
    low: Math.min(low, percentiles(background, [90])[0]!),
    high: Math.max(high, percentiles(nuclei, [90])[0]!),
  };
}

/** The crop around a nucleus of the field; `cropPixels` is the side of the crop. */
export function cutCrop(
  { stain: field, segmentation, fieldSize: size }: SegmentedField,
  nucleus: Nucleus,
  { cropPixels: side = 100 }: Pick<CropOptions, "cropPixels"> = {},
): NucleusCrop {
  const x = firstPixel(nucleus.centre.x, size.width, side);
  const y = firstPixel(nucleus.centre.y, size.height, side);
  const crop = {
    nucleus: new Float32Array(side * side),
    mask: new Uint8Array(side * side),
    labels: new Int32Array(side * side),
  };
  copyWindow(field, size, { x, y }, side, crop.nucleus);
  copyWindow(segmentation.mask, size, { x, y }, side, crop.mask);
  copyWindow(segmentation.labels, size, { x, y }, side, crop.labels);
  return {
    ...crop,
    label: nucleus.label,
    distance: nuclearDistance(crop.mask, { height: side, width: side }),
    centralNucleus: nucleus,
    origin: { x, y },
    padding: {
      left: Math.max(0, -x),
      top: Math.max(0, -y),
      right: Math.max(0, x + side - size.width),
      bottom: Math.max(0, y + side - size.height),
    },
  };
}

/** Centred on the nucleus and moved as little as keeps the crop inside; a field smaller than the crop is centred. */
function firstPixel(centre: number, length: number, side: number): number {
  if (length < side) return -Math.floor((side - length) / 2);
  return Math.min(Math.max(0, Math.round(centre + 0.5 - side / 2)), length - side);
}
