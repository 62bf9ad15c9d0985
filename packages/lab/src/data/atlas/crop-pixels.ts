// The pixels of an atlas: crops_u8.npy [N, H, W, 3] = protein, nucleus, nuclear mask. A row is read from disk when it is
// first used, so that opening costs nothing and a run holds only the crops that it uses. The file is closed after each
// read: there is nothing to close.

import { open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
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
  const { count, height, width, read } = await openPixelRows(join(folder, fileName), storedChannels);
  const images = new Map<number, Promise<CropImage>>();
  const load = async (index: number): Promise<CropImage> => ({
    ...{ height, width },
    data: toImage(await read(index), height, width),
  });
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

/** The rows of a pixel file, uint8 [N, H, W, channels], each read from disk when it is asked for. */
export interface PixelRows {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The bytes [H, W, channels] of a row below `count`. */
  read(index: number): Promise<Uint8Array>;
}

/** Opens a pixel file. @throws FormatError if it is not uint8 [N, H, W, channels] */
export async function openPixelRows(path: string, channels: number): Promise<PixelRows> {
  const { dtype, shape, fortranOrder, dataStart } = await readHeader(path);
  const [count, height, width, depth] = shape as [number, number, number, number];
  if (dtype !== "uint8" || shape.length !== 4 || depth !== channels || fortranOrder) {
    const name = basename(path);
    throw new FormatError("atlas", `${name} holds ${dtype} [${shape}], not uint8 [N, H, W, ${channels}]`);
  }
  const rowBytes = height * width * channels;
  return {
    ...{ count, height, width },
    read: (index) => readRange(path, dataStart + index * rowBytes, rowBytes),
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
    if (bytesRead !== length)
      throw new FormatError("atlas", `${basename(path)} ends at byte ${start + bytesRead}`);
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
