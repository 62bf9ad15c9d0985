// The crops of a data set: one .npy file [N, C, H, W] of uint8 or uint16, planes by channel. A crop is one range of bytes, so
// that it is one read and nothing else is decoded; why this and not Zarr is measured in docs/experiments/crop-store.md.

import { open } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, type NpyHeader, readNpyHeader } from "@proteoscope/formats";
import { nuclearDistance } from "@proteoscope/imaging";
import type { CropImage, CropPixels } from "../atlas/records.ts";
import { readDescription } from "./description.ts";

/** The stored planes of crops. */
export interface CropStore {
  readonly count: number;
  readonly channels: readonly string[];
  readonly height: number;
  readonly width: number;
  /** The value that stands for 1. */
  readonly maximum: 255 | 65535;
  /** All planes of a crop, [C, H, W]. @throws FormatError for a crop that is not there */
  read(index: number): Promise<Uint8Array | Uint16Array>;
}

const longestHeader = 66_000;
const mostCachedBytes = 2 ** 30;

/** Opens the crops of a data set. @throws FormatError for a file that does not fit dataset.json */
export async function openCropStore(folder: string): Promise<CropStore> {
  const { crops, channels } = await readDescription(folder);
  const path = join(folder, crops);
  const { dtype, shape, fortranOrder, littleEndian, dataStart } = await readHeader(path);
  const [count = 0, depth, height = 0, width = 0] = shape;
  const isStored = dtype === "uint8" || (dtype === "uint16" && littleEndian);
  if (!isStored || shape.length !== 4 || depth !== channels.length || fortranOrder)
    throw new FormatError(
      "data set",
      `${crops} holds ${dtype} [${shape}], not uint8 or uint16 [N, ${channels.length}, H, W] for ${channels.join(", ")}`,
      { hint: "give the store of this dataset.json" },
    );
  const bytesPerValue = dtype === "uint8" ? 1 : 2;
  const length = channels.length * height * width;
  return {
    ...{ count, channels, height, width },
    maximum: dtype === "uint8" ? 255 : 65535,
    async read(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count)
        throw new FormatError("data set", `there is no crop ${index}: ${crops} holds ${count}`, {
          hint: "`proteoscope data check` lists all that is wrong",
        });
      const bytes = new Uint8Array(length * bytesPerValue);
      await readRange(path, dataStart + index * bytes.length, bytes);
      return bytesPerValue === 1 ? bytes : new Uint16Array(bytes.buffer);
    },
  };
}

/** Opens the crops as images of protein, nucleus and distance; images stay in memory where all of them fit into 1 GiB. */
export async function openSetPixels(folder: string, isCached: boolean): Promise<CropPixels> {
  const store = await openCropStore(folder);
  const { count, height, width, channels } = store;
  const protein = channels.indexOf("protein");
  if (protein < 0)
    throw new FormatError("data set", `the crops have the channels ${channels.join(", ")}, and no protein`, {
      hint: "give a set with a protein channel",
    });
  const nucleus = channels.indexOf("nucleus");
  const mask = channels.indexOf("nuclear_mask");
  const plane = height * width;
  const images = new Map<number, Promise<CropImage>>();
  const isKept = isCached && count * plane * 12 <= mostCachedBytes;
  const load = async (index: number): Promise<CropImage> => {
    const planes = await store.read(index);
    const data = new Float32Array(3 * plane);
    for (let pixel = 0; pixel < plane; pixel++) {
      data[pixel] = planes[protein * plane + pixel]! / store.maximum;
      data[plane + pixel] = planes[nucleus * plane + pixel]! / store.maximum;
    }
    data.set(
      nuclearDistance(planes.subarray(mask * plane, (mask + 1) * plane), { height, width }),
      2 * plane,
    );
    return { height, width, data };
  };
  return {
    ...{ count, height, width },
    async read(index) {
      const image = images.get(index) ?? load(index);
      if (isKept) images.set(index, image);
      return image;
    },
  };
}

async function readHeader(path: string): Promise<NpyHeader> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(longestHeader, size));
    await file.read(bytes, 0, bytes.length, 0);
    return readNpyHeader(bytes, size);
  } finally {
    await file.close();
  }
}

async function readRange(path: string, start: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r");
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    if (bytesRead !== bytes.length)
      throw new FormatError("data set", `${path} ends at byte ${start + bytesRead}`);
  } finally {
    await file.close();
  }
}
