// The nuclei that proteins are generated around: those of an image, or one of a library, by seed. Each comes with its origin,
// so that the provenance of a picture says which nucleus it was.

import { describeSelection, type ImageStack } from "@proteoscope/formats";
import {
  cutCrop,
  type FieldSource,
  type Nucleus,
  type NucleusCrop,
  type NucleusLibrary,
  type NucleusPlaneOptions,
  type PlaneSize,
  pickNucleus,
  readField,
  type SegmentedField,
  wholeNuclei,
} from "@proteoscope/imaging";
import type { ImagingConstants } from "../model/model.ts";
import { cutStains, type StainPlanes } from "./stain-planes.ts";

/** A nucleus to generate around, and where it comes from. */
export interface ChosenNucleus {
  /** Suffix of the file names where a protein is generated around several nuclei; empty for one. */
  readonly label: string;
  /** The nucleus channel, in [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  /** Signed distance to the nuclear border in pixels, positive inside, [H, W]. */
  readonly distance: Float32Array;
  readonly pixelSizeMicrons: number;
  /** Further stains around the nucleus in [0, 1], [H, W], by stain; absent where there are none. */
  readonly stains?: StainPlanes | undefined;
  /** Where the nucleus comes from, for the provenance. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** What was chosen among the planes of its image, in words; absent where there was nothing to choose. */
  readonly choice?: string;
}

/** The nucleus of a library that a seed picks: consecutive seeds give consecutive nuclei. @throws RangeError for a seed that is not a whole number. */
export function nucleusOfLibrary(library: NucleusLibrary, seed: number): ChosenNucleus {
  const { index, field, nucleus, distance } = pickNucleus(library, seed);
  const origin = { library: library.source, licence: library.licence, index, field };
  return { label: "", nucleus, distance, pixelSizeMicrons: library.pixelSizeMicrons, origin };
}

/** Which plane of an image shows the nuclei, and how many of them are wanted. */
export interface NucleiOptions extends NucleusPlaneOptions {
  /** Largest number of nuclei that are taken from the image. Default: all. */
  readonly maxNuclei?: number | undefined;
}

/** The file that an image was read from, for the provenance. */
export interface ImageOrigin {
  /** Name of the file or folder. */
  readonly image: string;
  /** Digest in hexadecimal of the bytes that were read; called when the plane is read. */
  sha256(): string;
}

/** A field of view whose nuclei are found, to generate proteins in all of its cells. */
export interface NucleusField {
  /** The stain, the segmentation and the pixel size, which are those of the model. */
  readonly field: SegmentedField;
  /** Size of the picture as it was read, before it was brought to the model's pixel size. */
  readonly sourceSize: PlaneSize;
  /** Further stains of the field in [0, 1] at its pixel size, by stain; `addStains` adds them. */
  readonly stains?: StainPlanes | undefined;
  /** The whole nuclei in scanning order, then those that the frame cuts; `ChosenNucleus` k belongs to nucleus k. */
  readonly nuclei: readonly Nucleus[];
  /** Number of nuclei that are whole; where none is, those that are cut count as whole. */
  readonly wholeNuclei: number;
  /** Where the field comes from, for the provenance. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** What was chosen among the planes of its image, in words; absent where there was nothing to choose. */
  readonly choice?: string;
  /** Cuts the crop around nucleus k. */
  cut(nucleus: number): NucleusCrop;
}

/**
 * The nuclei of an image in scanning order, at least one.
 * @throws NucleusError naming the field that may help, FormatError, the signal's reason when it is aborted.
 */
export async function nucleiOfImage(
  stack: ImageStack,
  origin: ImageOrigin,
  constants: ImagingConstants,
  { maxNuclei, ...options }: NucleiOptions = {},
): Promise<ChosenNucleus[]> {
  const field = await fieldOfImage(stack, origin, constants, options);
  return chooseWholeNuclei(field, maxNuclei);
}

/** The whole nuclei of a field as single crops, `most` of them at most. */
export function chooseWholeNuclei(field: NucleusField, most = Number.POSITIVE_INFINITY): ChosenNucleus[] {
  const count = Math.min(most, field.wholeNuclei);
  return Array.from({ length: count }, (_, nucleus) => chooseNucleus(field, nucleus, field.wholeNuclei));
}

/** Nucleus k of a field as a single crop; `count` is the number of nuclei that it is one of. */
export function chooseNucleus(field: NucleusField, index: number, count: number): ChosenNucleus {
  const { nucleus, distance, origin: firstPixel, padding } = field.cut(index);
  return {
    label: count === 1 ? "" : `nucleus${index}`,
    ...{ nucleus, distance, pixelSizeMicrons: field.field.pixelSizeMicrons },
    stains:
      field.stains && cutStains(field.stains, field.field.fieldSize, firstPixel, Math.sqrt(distance.length)),
    origin: {
      ...{ ...field.origin, nucleus: index, nucleiInImage: count, firstPixel, padding },
      intensityLimits: field.field.limits,
    },
    ...(field.choice === undefined ? {} : { choice: field.choice }),
  };
}

/**
 * The field that an image shows, with at least one nucleus.
 * @throws NucleusError naming the field of the options that may help, FormatError, the signal's reason when it is aborted.
 */
export async function fieldOfImage(
  stack: ImageStack,
  { image, sha256 }: ImageOrigin,
  constants: Pick<ImagingConstants, "pixelSizeMicrons" | "cropPixels">,
  options: NucleusPlaneOptions = {},
): Promise<NucleusField> {
  const { pixelSizeMicrons: modelPixelSizeMicrons, cropPixels } = constants;
  const read = await readField(stack, { modelPixelSizeMicrons, cropPixels, ...options });
  // An image of a file of several is called so in the provenance: there, `image` is the file.
  const { image: imageInFile, images: imagesInFile, ...plane } = read.selection;
  const whole = wholeNuclei(read);
  const nuclei = [...whole, ...read.segmentation.nuclei.filter((nucleus) => !whole.includes(nucleus))];
  const choice = describeChoice(read);
  return {
    ...{ field: read, nuclei, wholeNuclei: whole.length },
    sourceSize: { height: stack.height, width: stack.width },
    origin: {
      ...{ image, sha256: sha256(), imageInFile, imagesInFile, ...plane },
      ...{ sourcePixelSizeMicrons: read.sourcePixelSizeMicrons, emptyFraction: read.emptyFraction },
    },
    ...(choice === undefined ? {} : { choice }),
    cut: (nucleus) => cutCrop(read, nuclei[nucleus]!, { cropPixels }),
  };
}

/** "channel 1 (DAPI), plane 2 of z (sharpest of 5)"; undefined for an image of one plane without empty parts. */
function describeChoice({ selection, emptyFraction }: SegmentedField & FieldSource): string | undefined {
  const { channels, planesOfZ, times, images } = selection;
  const chosen = Math.max(channels, planesOfZ, times, images) > 1 ? [describeSelection(selection)] : [];
  const percent = (100 * emptyFraction).toFixed(0);
  const left = emptyFraction > 0 ? [`${percent} % of the plane is empty and left out of the contrast`] : [];
  return [...chosen, ...left].join("; ") || undefined;
}
