// The nuclei that a command line or a program names: those of an image, or one of the library of the model, by seed.
// This file reads files; what is done with their pixels is microscope's.

import { basename } from "node:path";
import { NucleusError } from "@proteoscope/imaging";
import {
  addStains,
  type ChosenNucleus,
  chooseWholeNuclei,
  fieldOfImage,
  type ImagingConstants,
  type NucleiOptions,
  type NucleusField,
  nucleusOfLibrary,
  readImagingConstants,
  readModelNuclei,
  type StainImage,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { openImageFile } from "./image-file.ts";

/** Which nuclei: those of an image and how to read it, or one of the model's library. */
export interface ReadNucleiOptions extends NucleiOptions {
  /** Path of an image file or of an OME-Zarr folder; a nucleus of the model's library where it is undefined. */
  readonly image?: string | undefined;
  /** Which image of a file of several, from 0. Default 0. */
  readonly nucleusSeries?: number | undefined;
  /** Chooses the nucleus of the library. Default 0. */
  readonly seed?: number | undefined;
  /** Further stains of the field that the image shows. Default none. */
  readonly stains?: readonly NamedStain[] | undefined;
}

/** A further stain by the path of its picture. */
export interface NamedStain extends Pick<StainImage, "stain" | "channel"> {
  /** Path of an image file or of an OME-Zarr folder, of the size of the picture of nuclei. */
  readonly path: string;
}

/**
 * Reads the nuclei that proteins are generated around, as crops of the model's size: all of an image, or one of the library.
 * @param folder the model, whose pixel size and crop the image is brought to.
 * @throws NucleusError or FormatError that names the image, CheckpointError where the model folder is damaged.
 */
export async function readNuclei(
  folder: FileSource,
  { image, seed = 0, maxNuclei, ...options }: ReadNucleiOptions = {},
): Promise<ChosenNucleus[]> {
  if (image === undefined) return [nucleusOfLibrary(await readModelNuclei(folder), seed)];
  return chooseWholeNuclei(await readNucleusField(folder, image, options), maxNuclei);
}

/** How the picture of a field is read. */
export type ReadFieldOptions = Omit<ReadNucleiOptions, "image" | "seed" | "maxNuclei">;

/** Reads the field that an image shows, with at least one nucleus. @throws as `readNuclei`. */
export async function readNucleusField(
  folder: FileSource,
  path: string,
  options: ReadFieldOptions = {},
): Promise<NucleusField> {
  return readFieldFor(await readImagingConstants(folder), path, options);
}

/** The same for a pixel size and a crop. @throws as `readNuclei`. */
export async function readFieldFor(
  constants: Pick<ImagingConstants, "pixelSizeMicrons" | "cropPixels">,
  path: string,
  { nucleusSeries: series, stains = [], ...options }: ReadFieldOptions = {},
): Promise<NucleusField> {
  const { stack, sha256 } = await openImageFile(path, { signal: options.signal, series });
  try {
    const field = await fieldOfImage(stack, { image: basename(path), sha256 }, constants, options);
    return await addStains(field, await openStains(stains, options), options.signal);
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    throw new NucleusError(error.problem, `${path}: ${error.message}`, error.field);
  }
}

/** Opens the pictures of further stains; z and time are those of the picture of nuclei. */
function openStains(
  stains: readonly NamedStain[],
  { nucleusZ: z, nucleusTime: time, signal }: NucleiOptions,
): Promise<StainImage[]> {
  return Promise.all(
    stains.map(async ({ stain, path, channel }): Promise<StainImage> => {
      const { stack, sha256 } = await openImageFile(path, { signal });
      const origin = { image: basename(path), sha256: sha256(), ...(channel !== undefined && { channel }) };
      return { stain, stack, channel, z, time, origin };
    }),
  );
}
