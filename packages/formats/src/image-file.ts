// A picture from a file of any kind that is read, told by its first bytes and not by its name: PNG, TIFF or NumPy.
// Other kinds are named in the error, with what to do.

import { readNpy } from "./arrays/npy.ts";
import { FormatError } from "./errors.ts";
import { bytesPerElement, type NdArray, type TypedArray } from "./nd-array.ts";
import { isPng, type PngImage, readPng } from "./png.ts";
import { readTiff } from "./tiff.ts";
import { isTiff } from "./tiff-directory.ts";

export interface ImageFile {
  /** [channels, height, width], values as in the file. */
  readonly planes: NdArray;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Bits of a sample. */
  readonly bitDepth: number;
  /** Width of a pixel in micrometres, where the file says it. */
  readonly pixelSizeMicrons?: number;
}

export interface ReadImageOptions {
  /** The file's name, for errors. */
  name?: string;
}

const readable = "give a PNG, a TIFF or a .npy file";

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
 * Reads PNG, TIFF or .npy bytes. An array is taken as [H, W], [C, H, W], or [H, W, C] where only its last
 * dimension is small enough for channels. Throws FormatError, which names the file.
 */
export function readImage(bytes: Uint8Array, options: ReadImageOptions = {}): ImageFile {
  const { name = "the picture" } = options;
  try {
    const { planes, pixelSizeMicrons } = readPlanes(bytes);
    const [channels, height, width] = planes.shape as [number, number, number];
    const bitDepth = bytesPerElement(planes.dtype) * 8;
    return {
      planes,
      width,
      height,
      channels,
      bitDepth,
      ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const { line, offset, hint } = cause;
    throw new FormatError(cause.format, `${name}: ${cause.what}`, { line, offset, hint, cause });
  }
}

function readPlanes(bytes: Uint8Array): { planes: NdArray; pixelSizeMicrons?: number } {
  if (isPng(bytes)) return { planes: separateChannels(readPng(bytes)) };
  if (isTiff(bytes)) return readTiff(bytes);
  if (bytes[0] === 0x93 && bytes[1] === 0x4e) return { planes: arrayToPlanes(readNpy(bytes)) };
  if (bytes.length < 8) {
    throw new FormatError("image", `a file of ${bytes.length} bytes is no picture`, { hint: readable });
  }
  const other = otherKinds.find(([first]) => first.every((byte, index) => bytes[index] === byte));
  if (other === undefined)
    throw new FormatError("image", "the file is of no known kind", { offset: 0, hint: readable });
  throw new FormatError("image", `${other[1]} is not read`, { offset: 0, hint: other[2] });
}

function separateChannels({ width, height, channels, depth, data }: PngImage): NdArray {
  const dtype = depth === 8 ? "uint8" : "uint16";
  return { dtype, shape: [channels, height, width], data: interleavedToPlanes(data, channels) };
}

const mostChannels = 16;

function arrayToPlanes(array: NdArray): NdArray {
  const { dtype, shape, data } = array;
  const refuse = (fault: string): never => {
    throw new FormatError("npy", `an array [${shape}] ${fault}`, {
      hint: "give one picture, [H, W] or [C, H, W]",
    });
  };
  if (shape.includes(0)) return refuse("has no pixels");
  if (shape.length === 2) return { dtype, shape: [1, ...shape], data };
  if (shape.length !== 3) return refuse("is no picture");
  const [first, second, last] = shape as [number, number, number];
  if (first <= mostChannels) return array;
  if (last > mostChannels) return refuse("has too many channels");
  return { dtype, shape: [last, first, second], data: interleavedToPlanes(data, last) };
}

/** [H, W, C] -> [C, H, W]. */
function interleavedToPlanes(data: TypedArray, channels: number): TypedArray {
  if (channels === 1) return data;
  const result = data.slice();
  const pixels = data.length / channels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      result[channel * pixels + pixel] = data[pixel * channels + channel]!;
    }
  }
  return result;
}
