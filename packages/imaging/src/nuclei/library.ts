// The library of real nuclei that ships with the weights, so that images can be generated without the user's own
// picture of nuclei: a safetensors file of crops and nuclear masks, with the source of each in its metadata.

import {
  FormatError,
  type NdArray,
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from "@proteoscope/formats";
import { nuclearDistance } from "../planes/nuclear-distance.ts";

/** Nuclei of real images, as crops of one size. */
export interface NucleusLibrary {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeMicrons: number;
  /** DNA stain, 255 = 1. [N, H, W] */
  readonly nuclei: Uint8Array;
  /** 1 on every nucleus of the crop. [N, H, W] */
  readonly masks: Uint8Array;
  /** Where each crop comes from: the name of its field. */
  readonly fields: readonly string[];
  readonly source: string;
  readonly licence: string;
}

/** One nucleus of a library. */
export interface LibraryNucleus {
  readonly index: number;
  readonly field: string;
  /** DNA stain in [0, 1]. [H, W] */
  readonly nucleus: Float32Array;
  /** [H, W] */
  readonly mask: Uint8Array;
  /** Signed distance to the nuclear border in pixels, positive inside. [H, W] */
  readonly distance: Float32Array;
}

/**
 * The nucleus of a seed: seeds 0, 1, 2, ... go through the library in order and begin again at its end.
 * @throws RangeError for a seed that is no whole number.
 */
export function pickNucleus(library: NucleusLibrary, seed: number): LibraryNucleus {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed} is not a whole number`);
  const { count, height, width } = library;
  const index = ((seed % count) + count) % count;
  const pixels = height * width;
  const mask = library.masks.slice(index * pixels, (index + 1) * pixels);
  return {
    index,
    field: library.fields[index]!,
    nucleus: Float32Array.from(
      library.nuclei.subarray(index * pixels, (index + 1) * pixels),
      (value) => value / 255,
    ),
    mask,
    distance: nuclearDistance(mask, { height, width }),
  };
}

const format = "nucleus library";
const hint = "install the checkpoint again, or build the library with scripts/build-nuclei-library.ts";

/** Reads a library; throws FormatError for a file that is not one. */
export function readNucleusLibrary(bytes: Uint8Array): NucleusLibrary {
  const { tensors, metadata } = readSafetensors(bytes);
  const nuclei = stack(tensors, "nucleus");
  const masks = stack(tensors, "mask");
  if (nuclei.shape.join() !== masks.shape.join()) {
    throw new FormatError(format, `nucleus is [${nuclei.shape}] but mask is [${masks.shape}]`, { hint });
  }
  const [count, height, width] = nuclei.shape as [number, number, number];
  const pixelSizeMicrons = Number(metadata.pixel_size_microns);
  if (!(pixelSizeMicrons > 0 && Number.isFinite(pixelSizeMicrons))) {
    throw new FormatError(format, `pixel_size_microns is "${metadata.pixel_size_microns}"`, { hint });
  }
  const { source = "", licence = "" } = metadata;
  return {
    count,
    height,
    width,
    pixelSizeMicrons,
    nuclei: nuclei.data,
    masks: masks.data,
    fields: fieldNames(metadata.fields, count),
    source,
    licence,
  };
}

/** The bytes of a library, as readNucleusLibrary takes them. */
export function writeNucleusLibrary(library: NucleusLibrary): Uint8Array {
  const { count, height, width } = library;
  const shape = [count, height, width];
  return writeSafetensors(
    new Map<string, NdArray>([
      ["nucleus", { dtype: "uint8", shape, data: library.nuclei }],
      ["mask", { dtype: "uint8", shape, data: library.masks }],
    ]),
    {
      pixel_size_microns: String(library.pixelSizeMicrons),
      fields: JSON.stringify(library.fields),
      source: library.source,
      licence: library.licence,
    },
  );
}

function stack(
  tensors: Safetensors["tensors"],
  name: string,
): { shape: readonly number[]; data: Uint8Array } {
  const array = tensors.get(name);
  if (!array) throw new FormatError(format, `there is no tensor "${name}"`, { hint });
  const { dtype, shape, data } = array;
  if (dtype !== "uint8" || shape.length !== 3 || shape.includes(0) || !(data instanceof Uint8Array)) {
    throw new FormatError(format, `"${name}" is ${dtype} [${shape}], not uint8 [N, H, W]`, { hint });
  }
  return { shape, data };
}

function fieldNames(text: string | undefined, count: number): string[] {
  let names: unknown;
  try {
    names = JSON.parse(text ?? "");
  } catch (cause) {
    throw new FormatError(format, "the field names are not JSON", { hint, cause });
  }
  if (!Array.isArray(names) || names.length !== count || !names.every((name) => typeof name === "string")) {
    throw new FormatError(format, `there are not ${count} field names, one per crop`, { hint });
  }
  return names;
}
