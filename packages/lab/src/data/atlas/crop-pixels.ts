// The pixels of an atlas: crops_u8.npy [N, H, W, 3] = protein, nucleus, nuclear mask. A row is read from disk when it is
// first used, so that opening costs nothing and a run holds only the crops that it uses. The file is closed after each
// read: there is nothing to close.

import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type NpyHeader, readNpyHeader } from "@proteoscope/formats";
import { nuclearDistance } from "@proteoscope/imaging";
import { isDataSet } from "../dataset/description.ts";
import { openSetPixels } from "../dataset/pixels.ts";
import type { Crop, CropImage, CropPixels } from "./records.ts";

/** Channels of a crop image: protein and nucleus in [0, 1], signed nuclear distance in pixels. */
export const cropChannels = ["protein", "nucleus", "distance"] as const;

export type { CropImage, CropPixels } from "./records.ts";

const fileName = "crops_u8.npy";
const headerBytes = 66_000; // the longest npy header of version 1
const storedChannels = 3;

/** Options of `openCropPixels`. */
export interface CropPixelsOptions {
  /** Whether images stay in memory once they are read, 12 bytes per pixel. Default true. */
  readonly isCached?: boolean;
}

/** Opens the pixels of an atlas folder or a data set. @throws FormatError if an atlas's are not uint8 [N, H, W, 3] */
export async function openCropPixels(
  folder: string,
  { isCached = true }: CropPixelsOptions = {},
): Promise<CropPixels> {
  if (await isDataSet(folder)) return openSetPixels(folder, isCached);
  const path = join(folder, fileName);
  const { dtype, shape, fortranOrder, dataStart } = await readHeader(path);
  const [count, height, width, channels] = shape as [number, number, number, number];
  if (dtype !== "uint8" || shape.length !== 4 || channels !== storedChannels || fortranOrder) {
    throw new FormatError("atlas", `${fileName} holds ${dtype} [${shape}], not uint8 [N, H, W, 3]`);
  }
  const rowBytes = height * width * storedChannels;
  const images = new Map<number, Promise<CropImage>>();
  const load = async (index: number): Promise<CropImage> => {
    const bytes = await readRange(path, dataStart + index * rowBytes, rowBytes);
    return { height, width, data: toImage(bytes, height, width) };
  };
  return {
    ...{ count, height, width },
    read(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new FormatError("atlas", `crops.csv names crop ${index}, ${fileName} holds ${count}`);
      }
      const image = images.get(index) ?? load(index);
      if (isCached) images.set(index, image);
      return image;
    },
  };
}

/** @throws FormatError where the table of crops names one that the pixel file does not hold */
export function checkCropIndices(crops: readonly Crop[], { count }: CropPixels): void {
  const missing = crops.find(({ index }) => index >= count);
  if (missing !== undefined)
    throw new FormatError("atlas", `crops.csv names crop ${missing.index}, ${fileName} holds ${count}`, {
      hint: "give the two files of one atlas",
    });
}

async function readHeader(path: string): Promise<NpyHeader> {
  const { size } = await stat(path);
  return readNpyHeader(await readRange(path, 0, Math.min(headerBytes, size)), size);
}

async function readRange(path: string, start: number, length: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, start);
    if (bytesRead !== length) throw new FormatError("atlas", `${fileName} ends at byte ${start + bytesRead}`);
    return bytes;
  } finally {
    await file.close();
  }
}

// [H, W, 3] of bytes -> [3, H, W]; the mask becomes the distance.
function toImage(bytes: Uint8Array, height: number, width: number): Float32Array {
  const plane = height * width;
  const data = new Float32Array(3 * plane);
  const mask = new Uint8Array(plane);
  for (let pixel = 0; pixel < plane; pixel++) {
    data[pixel] = bytes[pixel * storedChannels]! / 255;
    data[plane + pixel] = bytes[pixel * storedChannels + 1]! / 255;
    mask[pixel] = bytes[pixel * storedChannels + 2]!;
  }
  data.set(nuclearDistance(mask, { height, width }), 2 * plane);
  return data;
}
