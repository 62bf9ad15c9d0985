// An image from a file of any kind that is read, known by its first bytes and not by its name: PNG, TIFF or NumPy, or
// a folder of OME-Zarr, which may be packed in a zip archive. Other kinds are named in the error, with what to do.

import { readNpy } from "../arrays/npy.ts";
import { FormatError } from "../errors.ts";
import { openOmeZarr } from "../ome/open-ome-zarr.ts";
import { isTiff } from "../tiff/directory.ts";
import { openTiff } from "../tiff/open-tiff.ts";
import type { ByteStore } from "../zarr/byte-store.ts";
import { zipStore } from "../zarr/zip-store.ts";
import { arrayToStack, pngToStack } from "./array-stack.ts";
import type { ImageStack } from "./image-stack.ts";
import { isPng, readPng } from "./png.ts";

/** How an image is opened: its name for messages, and which of several images in one file. */
export interface OpenImageOptions {
  /** The file's name or path, for errors, and to know the file among those that it speaks of. */
  readonly name?: string | undefined;
  /** Which image of a file of several, from 0. Default 0. */
  readonly series?: number | undefined;
}

const format = "image";
const readable = "give a PNG, a TIFF, a .npy file or an OME-Zarr folder";

// First bytes of what people may try, the longest first.
const otherKinds: readonly [bytes: readonly number[], kind: string, hint: string][] = [
  [[0x5a, 0x49, 0x53, 0x52, 0x41, 0x57], "a Zeiss CZI file", "export it as OME-TIFF from ZEN or Fiji"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file", "save the picture in it as TIFF or .npy"],
  [[0x70, 0x00, 0x00, 0x00], "a Leica LIF file", "export it as OME-TIFF from LAS X or Fiji"],
  [[0xda, 0xce, 0xbe, 0x0a], "a Nikon ND2 file", "export it as OME-TIFF from NIS-Elements or Fiji"],
  [[0x52, 0x49, 0x46, 0x46], "a WebP or other RIFF file", "save it as PNG or TIFF"],
  [[0x47, 0x49, 0x46, 0x38], "a GIF file", "save it as PNG or TIFF"],
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive", "unpack it; of an .npz, save one array as .npy"],
  [[0xff, 0xd8, 0xff], "a JPEG file", "its compression loses data: save the original as PNG or TIFF"],
  [[0x42, 0x4d], "a BMP file", "save it as PNG or TIFF"],
];

/**
 * Opens the bytes of a file, or the store of an OME-Zarr folder, as an image whose planes are read one at a time.
 * Throws FormatError, which names the file; so does reading a plane.
 */
export async function openImage(
  source: Uint8Array | ByteStore,
  options: OpenImageOptions = {},
): Promise<ImageStack> {
  const { name = "the image" } = options;
  try {
    const store = source instanceof Uint8Array ? (isZip(source) ? zipStore(source) : undefined) : source;
    const stack =
      store === undefined ? openBytes(source as Uint8Array, options) : await openOmeZarr(store, options);
    return {
      ...stack,
      readPlane: async (index) => {
        try {
          return await stack.readPlane(index);
        } catch (cause) {
          throw withName(cause, name);
        }
      },
    };
  } catch (cause) {
    throw withName(cause, name);
  }
}

function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, index) => bytes[index] === byte);
}

function withName(cause: unknown, name: string): unknown {
  if (!(cause instanceof FormatError)) return cause;
  const { line, offset, hint } = cause;
  return new FormatError(cause.format, `${name}: ${cause.what}`, { line, offset, hint, cause });
}

function openBytes(bytes: Uint8Array, options: OpenImageOptions): ImageStack {
  if (isTiff(bytes)) return openTiff(bytes, options);
  const stack = isPng(bytes)
    ? pngToStack(readPng(bytes))
    : bytes[0] === 0x93 && bytes[1] === 0x4e
      ? arrayToStack(readNpy(bytes))
      : undefined;
  if (stack !== undefined) {
    const { series = 0 } = options;
    if (series === 0) return stack;
    throw new FormatError(format, `there is no image ${series}: the file has one`, {
      hint: "choose image 0",
    });
  }
  if (bytes.length < 8) {
    throw new FormatError(format, `a file of ${bytes.length} bytes is no picture`, { hint: readable });
  }
  const other = otherKinds.find(([first]) => first.every((byte, index) => bytes[index] === byte));
  if (other === undefined)
    throw new FormatError(format, "the file is of no known kind", { offset: 0, hint: readable });
  throw new FormatError(format, `${other[1]} is not read`, { offset: 0, hint: other[2] });
}
