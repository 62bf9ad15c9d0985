// The nuclei that proteins are generated around: those of an image, or one of a library, by seed. Each comes with its origin,
// so that the provenance of a picture says which nucleus it was.

import { type DecodedImage, type NucleusLibrary, pickNucleus, readNucleus } from "@proteoscope/imaging";
import type { ImagingConstants } from "../model/model.ts";

/** A nucleus to generate around, with its origin. */
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
}

/** The nucleus of a library that a seed picks: consecutive seeds give consecutive nuclei. @throws RangeError for a seed that is not a whole number. */
export function nucleusOfLibrary(library: NucleusLibrary, seed: number): ChosenNucleus {
  const { index, field, nucleus, distance } = pickNucleus(library, seed);
  const origin = { library: library.source, licence: library.licence, index, field };
  return { label: "", nucleus, distance, pixelSizeMicrons: library.pixelSizeMicrons, origin };
}

/** Options of `nucleiOfImage`. */
export interface NucleiOptions {
  readonly nucleusChannel?: number | undefined;
  /** Pixel size of the image in micrometres; by default that of the file. */
  readonly pixelSizeMicrons?: number | undefined;
  /** Largest number of nuclei to take from the image; by default all. */
  readonly maxNuclei?: number | undefined;
}

/** The file that an image was read from, for the provenance. */
export interface ImageOrigin {
  readonly image: string;
  /** sha256 of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

/** The nuclei of an image, in the order in which they are found. @throws NucleusError naming the option that may help. */
export function nucleiOfImage(
  image: DecodedImage,
  file: ImageOrigin,
  constants: ImagingConstants,
  { nucleusChannel, pixelSizeMicrons, maxNuclei = Infinity }: NucleiOptions = {},
): ChosenNucleus[] {
  const field = readNucleus(image, {
    modelPixelSizeMicrons: constants.pixelSizeMicrons,
    cropPixels: constants.cropPixels,
    ...(nucleusChannel === undefined ? {} : { nucleusChannel }),
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
  });
  return field.crops.slice(0, maxNuclei).map(({ nucleus, distance, origin, padding }, index) => ({
    label: field.crops.length === 1 ? "" : `nucleus${index}`,
    nucleus,
    distance,
    pixelSizeMicrons: field.pixelSizeMicrons,
    origin: {
      ...file,
      channel: field.nucleusChannel,
      sourcePixelSizeMicrons: field.sourcePixelSizeMicrons,
      nucleus: index,
      nucleiInImage: field.crops.length,
      firstPixel: origin,
      padding,
      intensityLimits: field.limits,
    },
  }));
}
