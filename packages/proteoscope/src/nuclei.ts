// The nuclei that proteins are drawn around: those of the user's image, or one of the library that ships, by seed.
// Each comes with its origin, so that the provenance of a drawing can say which nucleus it was.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { readImage, toFloat32 } from "@proteoscope/formats";
import { NucleusError, pickNucleus, readNucleus } from "@proteoscope/imaging";
import { readImagingConstants, readModelNuclei } from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { CommandError, exitCodes } from "./errors.ts";
import { readNamedFile } from "./read-named-file.ts";

export interface ChosenNucleus {
  /** Ends the file names where a protein is drawn around several nuclei. */
  readonly label: string;
  /** In [0, 1], [H, W]. */
  readonly nucleus: Float32Array;
  /** Signed distance to the nuclear border in pixels, [H, W]. */
  readonly distance: Float32Array;
  readonly pixelSizeMicrons: number;
  /** Where it comes from, for the provenance. */
  readonly origin: Readonly<Record<string, unknown>>;
}

export interface ChooseOptions {
  readonly image?: string | undefined;
  readonly channel?: number | undefined;
  readonly pixelSizeMicrons?: number | undefined;
  readonly most?: number | undefined;
  readonly seed: number;
}

/** One nucleus or more. @throws CommandError (bad data) that names the image and says what to do. */
export async function chooseNuclei(folder: FileSource, options: ChooseOptions): Promise<ChosenNucleus[]> {
  if (options.image !== undefined) return nucleiOfImage(folder, options.image, options);
  const library = await readModelNuclei(folder);
  const { index, field, nucleus, distance } = pickNucleus(library, options.seed);
  const origin = { library: library.source, licence: library.licence, index, field };
  return [{ label: "", nucleus, distance, pixelSizeMicrons: library.pixelSizeMicrons, origin }];
}

async function nucleiOfImage(
  folder: FileSource,
  path: string,
  { channel, pixelSizeMicrons, most = Infinity }: ChooseOptions,
): Promise<ChosenNucleus[]> {
  const constants = await readImagingConstants(folder);
  const bytes = await readNamedFile(path);
  const file = readImage(bytes, { name: path });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const image = { ...file, planes: toFloat32(file.planes) };
  try {
    const field = readNucleus(image, {
      modelPixelSizeMicrons: constants.pixelSizeMicrons,
      cropPixels: constants.cropPixels,
      ...(channel === undefined ? {} : { nucleusChannel: channel }),
      ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    });
    return field.crops.slice(0, most).map(({ nucleus, distance, origin, padding }, index) => ({
      label: field.crops.length === 1 ? "" : `nucleus${index}`,
      nucleus,
      distance,
      pixelSizeMicrons: field.pixelSizeMicrons,
      origin: {
        image: basename(path),
        sha256,
        channel: field.nucleusChannel,
        sourcePixelSizeMicrons: field.sourcePixelSizeMicrons,
        nucleus: index,
        nucleiInImage: field.crops.length,
        firstPixel: origin,
        padding,
        intensityLimits: field.limits,
      },
    }));
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    throw new CommandError(`${path}: ${error.message}`, exitCodes.badData, { cause: error });
  }
}
