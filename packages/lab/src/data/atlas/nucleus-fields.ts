// Whole fields of real nuclei without a protein channel (raw Hoechst with its segmentation), from which the library of
// nuclei is cut. They are one npz file: `img__NAME` uint16 [H, W], `lab__NAME` uint16 [H, W], `um_per_px`.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type NdArray, readNpz } from "@proteoscope/formats";
import { isDataSet, readDescription } from "../dataset/description.ts";

/** One field of view with its segmentation. */
export interface NucleusField {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** Raw intensities [H, W]. */
  readonly image: Uint16Array;
  /** Number of the nucleus at each pixel [H, W], 0 outside of nuclei. */
  readonly labels: Uint16Array;
  readonly micronsPerPixel: number;
}

const fileName = "nuclei_fovs.npz";

/** Reads nuclei_fovs.npz of an atlas or a data set, in the order of the names; a set may have none. @throws FormatError */
export async function readNucleusFields(folder: string): Promise<NucleusField[]> {
  if (await isDataSet(folder)) {
    const { nucleusFields } = await readDescription(folder);
    if (nucleusFields === undefined) return []; // nuclei are then those of the crops
  }
  const arrays = readNpz(await readFile(join(folder, fileName)));
  const micronsPerPixel = Number(arrays.get("um_per_px")?.data[0]);
  if (!(micronsPerPixel > 0)) throw new FormatError("atlas", `${fileName} lacks a positive um_per_px`);
  const names = [...arrays.keys()].filter((key) => key.startsWith("img__")).map((key) => key.slice(5));
  return names.sort().map((name) => {
    const image = plane(arrays, `img__${name}`);
    const labels = plane(arrays, `lab__${name}`);
    const [height, width] = image.shape as [number, number];
    if (labels.data.length !== image.data.length || labels.shape[0] !== height) {
      throw new FormatError("atlas", `${fileName}: lab__${name} is not of the size of img__${name}`);
    }
    return { name, height, width, image: image.data, labels: labels.data, micronsPerPixel };
  });
}

function plane(arrays: ReadonlyMap<string, NdArray>, key: string): NdArray & { data: Uint16Array } {
  const array = arrays.get(key);
  if (array?.data instanceof Uint16Array && array.dtype === "uint16" && array.shape.length === 2) {
    return { ...array, data: array.data };
  }
  const found = array === undefined ? "is missing" : `is ${array.dtype} [${array.shape}], not uint16 [H, W]`;
  throw new FormatError("atlas", `${fileName}: ${key} ${found}`);
}
