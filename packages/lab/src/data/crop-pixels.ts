// The pixels of an atlas: crops_u8.npy [N, H, W, 3] = protein, nucleus, nuclear mask. One row is read from disk
// when it is first asked for, so that opening costs nothing and a run holds only the crops that it uses.

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, readNpyHeader } from "@proteoscope/formats";
import { nuclearDistance } from "@proteoscope/models";

/** Channels of a crop image: protein and nucleus in [0, 1], signed nuclear distance in pixels. */
export const cropChannels = ["protein", "nucleus", "distance"] as const;

export interface CropImage {
  readonly height: number;
  readonly width: number;
  /** [3, H, W]: protein, nucleus, distance. */
  readonly data: Float32Array;
}

export interface CropPixels {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The image of one row; kept in memory, so do not write into it. */
  read(index: number): Promise<CropImage>;
  close(): Promise<void>;
}

const fileName = "crops_u8.npy";
const headerBytes = 66_000; // the longest npy header of version 1
const storedChannels = 3;

/** Opens the pixel file of an atlas folder. Throws FormatError if it is not uint8 [N, H, W, 3]. */
export async function openCropPixels(folder: string): Promise<CropPixels> {
  const file = await open(join(folder, fileName), "r");
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(headerBytes, size));
    await file.read(start, 0, start.length, 0);
    const { dtype, shape, fortranOrder, dataStart } = readNpyHeader(start, size);
    const [count, height, width, channels] = shape;
    if (dtype !== "uint8" || shape.length !== 4 || channels !== storedChannels || fortranOrder) {
      throw new FormatError("atlas", `${fileName} holds ${dtype} [${shape}], not uint8 [N, H, W, 3]`);
    }
    return cropPixels(file, dataStart, count!, height!, width!);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function cropPixels(
  file: FileHandle,
  dataStart: number,
  count: number,
  height: number,
  width: number,
): CropPixels {
  const rowBytes = height * width * storedChannels;
  const images = new Map<number, Promise<CropImage>>();
  const load = async (index: number): Promise<CropImage> => {
    const bytes = new Uint8Array(rowBytes);
    const { bytesRead } = await file.read(bytes, 0, rowBytes, dataStart + index * rowBytes);
    if (bytesRead !== rowBytes) throw new FormatError("atlas", `${fileName} ends inside crop ${index}`);
    return { height, width, data: toImage(bytes, height, width) };
  };
  return {
    count,
    height,
    width,
    read(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new FormatError("atlas", `crops.csv names crop ${index}, ${fileName} holds ${count}`);
      }
      let image = images.get(index);
      if (image === undefined) images.set(index, (image = load(index)));
      return image;
    },
    close: () => file.close(),
  };
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
