// The nuclei that proteins are generated around: those of an image, or one of a library, by seed. Each comes with its origin,
// so that the provenance of a picture says which nucleus it was.

import { type DecodedImage, type NucleusLibrary, pickNucleus, readNucleus } from "@proteoscope/imaging";
import type { ImagingConstants } from "../model/model.ts";

export interface ChosenNucleus {
  /** Ends the file names where a protein is generated around several nuclei; empty for one. */
  readonly label: string;
  /** [H, W], in [0, 1] */
  readonly nucleus: Float32Array;
  /** Signed distance to the nuclear border in pixels, positive inside, [H, W]. */
  readonly distance: Float32Array;
  readonly pixelSizeMicrons: number;
  /** Where it comes from, for the provenance. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/** One nucleus of a library; a seed counts through it. @throws RangeError for a seed that is no whole number. */
export function nucleusOfLibrary(library: NucleusLibrary, seed: number): ChosenNucleus {
  const { index, field, nucleus, distance } = pickNucleus(library, seed);
  const origin = { library: library.source, licence: library.licence, index, field };
  return { label: "", nucleus, distance, pixelSizeMicrons: library.pixelSizeMicrons, origin };
}

export interface NucleiOptions {
  readonly nucleusChannel?: number | undefined;
  /** Pixel size of the image in micrometres; by default what the file says. */
  readonly pixelSizeMicrons?: number | undefined;
  /** At most so many nuclei of the image. */
  readonly maxNuclei?: number | undefined;
}

/** What the provenance says of the file that an image was read from. */
export interface ImageOrigin {
  readonly image: string;
  /** In hexadecimal, of the file's bytes. */
  readonly sha256: string;
}

/** The nuclei of an image, largest field first as they are found. @throws NucleusError naming the field that may help. */
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
