// The nuclei that a command line or a program names: those of an image, or one of the library of the model, by seed.
// This file reads files; what is done with their pixels is microscope's.

import { basename } from "node:path";
import { NucleusError } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  type NucleiOptions,
  nucleiOfImage,
  nucleusOfLibrary,
  readImagingConstants,
  readModelNuclei,
} from "@proteoscope/microscope";
import type { FileSource } from "@proteoscope/models";
import { openImageFile } from "./image-file.ts";

/** Which nuclei: those of an image and how to read it, or one of the model's library. */
export interface ReadNucleiOptions extends NucleiOptions {
  /** Path of an image file or of an OME-Zarr folder; a nucleus of the model's library where it is undefined. */
  readonly image?: string | undefined;
  /** Chooses the nucleus of the library. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Reads the nuclei that proteins are generated around, as crops of the model's size: all of an image, or one of the library.
 * @param folder the model, whose pixel size and crop the image is brought to.
 * @throws NucleusError or FormatError that names the image, CheckpointError where the model folder is damaged.
 */
export async function readNuclei(
  folder: FileSource,
  { image: path, seed = 0, ...options }: ReadNucleiOptions = {},
): Promise<ChosenNucleus[]> {
  if (path === undefined) return [nucleusOfLibrary(await readModelNuclei(folder), seed)];
  const constants = await readImagingConstants(folder);
  const { stack, sha256 } = await openImageFile(path, options.signal);
  try {
    return await nucleiOfImage(stack, { image: basename(path), sha256 }, constants, options);
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    throw new NucleusError(error.problem, `${path}: ${error.message}`, error.field);
  }
}
