// The nuclei that a command line or a program names: those of an image file, or one of the library of the model, by seed.
// This file reads files; what is done with their pixels is microscope's.

import { createHash } from "node:crypto";
import { basename } from "node:path";
import { readImage, toFloat32 } from "@proteoscope/formats";
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
import { readInput } from "./cli/read-input.ts";

export interface ReadNucleiOptions extends NucleiOptions {
  /** Path of an image file; a nucleus of the model's library where it is undefined. */
  readonly image?: string | undefined;
  readonly seed: number;
  /** Ends the waiting for an image that comes through a pipe. */
  readonly signal?: AbortSignal;
}

/** One nucleus or more. @throws NucleusError or FormatError that names the image, CheckpointError. */
export async function readNuclei(
  folder: FileSource,
  { image: path, seed, signal = new AbortController().signal, ...options }: ReadNucleiOptions,
): Promise<ChosenNucleus[]> {
  if (path === undefined) return [nucleusOfLibrary(await readModelNuclei(folder), seed)];
  const constants = await readImagingConstants(folder);
  const bytes = await readInput(path, signal);
  const file = readImage(bytes, { name: path });
  const image = { ...file, planes: toFloat32(file.planes) };
  const origin = { image: basename(path), sha256: createHash("sha256").update(bytes).digest("hex") };
  try {
    return nucleiOfImage(image, origin, constants, options);
  } catch (error) {
    if (!(error instanceof NucleusError)) throw error;
    throw new NucleusError(error.problem, `${path}: ${error.message}`);
  }
}
