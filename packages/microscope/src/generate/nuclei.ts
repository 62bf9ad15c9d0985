// The nuclei that proteins are generated around: those of an image, or one of a library, by seed. Each comes with its origin,
// so that the provenance of a picture says which nucleus it was.

import { describeSelection, type ImageStack } from "@proteoscope/formats";
import {
  type NucleiOfImage,
  type NucleusLibrary,
  type NucleusPlaneOptions,
  pickNucleus,
  readNucleus,
} from "@proteoscope/imaging";
import type { ImagingConstants } from "../model/model.ts";

/** A nucleus to generate around, and where it comes from. */
export interface ChosenNucleus {
  /** Suffix of the file names where a protein is generated around several nuclei; empty for one. */
  readonly label: string;
  /** The nucleus channel, in [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  /** Signed distance to the nuclear border in pixels, positive inside, [H, W]. */
  readonly distance: Float32Array;
  readonly pixelSizeMicrons: number;
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

/**
 * The nuclei of an image in scanning order, at least one.
 * @throws NucleusError naming the field that may help, FormatError, the signal's reason when it is aborted.
 */
export async function nucleiOfImage(
  stack: ImageStack,
  { image, sha256 }: ImageOrigin,
  constants: ImagingConstants,
  { maxNuclei, ...options }: NucleiOptions = {},
): Promise<ChosenNucleus[]> {
  const field = await readNucleus(stack, {
    ...{ modelPixelSizeMicrons: constants.pixelSizeMicrons, cropPixels: constants.cropPixels },
    ...options,
  });
  // An image of a file of several is called so in the provenance: there, `image` is the file.
  const { image: imageInFile, images: imagesInFile, ...plane } = field.selection;
  const choice = describeChoice(field);
  return field.crops.slice(0, maxNuclei).map(({ nucleus, distance, origin, padding }, index) => ({
    label: field.crops.length === 1 ? "" : `nucleus${index}`,
    ...{ nucleus, distance, pixelSizeMicrons: field.pixelSizeMicrons },
    origin: {
      ...{ image, sha256: sha256(), imageInFile, imagesInFile, ...plane },
      ...{ sourcePixelSizeMicrons: field.sourcePixelSizeMicrons, emptyFraction: field.emptyFraction },
      ...{ nucleus: index, nucleiInImage: field.crops.length, firstPixel: origin, padding },
      intensityLimits: field.limits,
    },
    ...(choice === undefined ? {} : { choice }),
  }));
}

/** "channel 1 (DAPI), plane 2 of z (sharpest of 5)"; undefined for an image of one plane without empty parts. */
function describeChoice({ selection, emptyFraction }: NucleiOfImage): string | undefined {
  const { channels, planesOfZ, times, images } = selection;
  const chosen = Math.max(channels, planesOfZ, times, images) > 1 ? [describeSelection(selection)] : [];
  const percent = (100 * emptyFraction).toFixed(0);
  const left = emptyFraction > 0 ? [`${percent} % of the plane is empty and left out of the contrast`] : [];
  return [...chosen, ...left].join("; ") || undefined;
}
