// The nuclei that a command line or a program names: those of an image, or one of the library of the model, by seed.
// This file reads files; what is done with their pixels is microscope's.

import { basename } from "node:path";
import { NucleusError } from "@proteoscope/imaging";
import {
  type ChosenNucleus,
  chooseWholeNuclei,
  fieldOfImage,
  type NucleiOptions,
  type NucleusField,
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
  /** Which image of a file of several, from 0. Default 0. */
  readonly nucleusSeries?: number | undefined;
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
  { image, seed = 0, maxNuclei, ...options }: ReadNucleiOptions = {},
): Promise<ChosenNucleus[]> {
  if (image === undefined) return [nucleusOfLibrary(await readModelNuclei(folder), seed)];
  return chooseWholeNuclei(await readNucleusField(folder, image, options), maxNuclei);
}

/** Reads the field that an image shows, with at least one nucleus. @throws as `readNuclei`. */
export async function readNucleusField(
  folder: FileSource,
  path: string,
  { nucleusSeries: series, ...options }: Omit<ReadNucleiOptions, "image" | "seed" | "maxNuclei"> = {},
): Promise<NucleusField> {
  const constants = await readImagingConstants(folder);
  const { stack, sha256 } = await openImageFile(path, { signal: options.signal, series });
  try {
    return await fieldOfImage(stack, { image: basename(path), sha256 }, constants, options);
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    throw new NucleusError(error.problem, `${path}: ${error.message}`, error.field);
  }
}
