// PNG (https://www.w3.org/TR/png-3/) of 8 and 16 bits, with text chunks. The codec is fast-png; in front of it
// stands a walk over the chunks that bounds the size before anything is decoded, and passes on only the chunks
// that make the picture: fast-png inflates colour profiles without a bound and takes what is cut short for zeros.

import { convertIndexedToRgb, type DecodedPng, decode, encode } from "fast-png";
import { concatenateBytes } from "../bytes.ts";
import { FormatError, refuseOnThrow } from "../errors.ts";
import { inflateBounded, maxDeflateRatio } from "../inflate.ts";

/** Pixels of a PNG, row-major with interleaved channels, of 8 or 16 bits, and its text entries. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
  readonly depth: 8 | 16;
  /** Interleaved samples, [height, width, channels]. */
  readonly data: Uint8Array | Uint16Array;
  /** Latin-1 text by keyword. */
  readonly text: Record<string, string>;
}

const format = "png";
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const maxPixels = 100e6;
const maxDecodedBytes = 256 * 2 ** 20; // fast-png holds three copies for a moment
const passedOn = ["IHDR", "PLTE", "tRNS", "IDAT", "tEXt", "IEND"];

// By colour type: samples per pixel, and the bit depths that the standard allows.
const colorTypes = new Map<number, { samples: number; depths: number[] }>([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
]);

// Adam7: first column, first row, column step, row step of each pass.
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads a picture; palettes become RGB(A), grey of fewer than 8 bits is spread over 0..255. Throws FormatError,
 * also above 100 million pixels or 256 MiB of samples.
 */
export function readPng(bytes: Uint8Array): PngImage {
  const { picture, header } = checkChunks(bytes);
  const decoded = refuseOnThrow(format, "cannot be decoded", () => decode(picture, { checkCrc: true }));
  const { width, height, text } = decoded;
  if (header.colorType === 3) {
    const data = refuseOnThrow(format, "palette is damaged", () => convertIndexedToRgb(decoded));
    return { width, height, channels: data.length / (width * height), depth: 8, data, text };
  }
  const { channels } = decoded;
  if (header.depth < 8) return { width, height, channels, depth: 8, data: spreadGrey(decoded), text };
  const data = decoded.data instanceof Uint16Array ? decoded.data : new Uint8Array(decoded.data);
  return { width, height, channels, depth: header.depth === 16 ? 16 : 8, data, text };
}

/** Writes a picture; text must be Latin-1, keywords 1 to 79 characters long. Throws FormatError. */
export function writePng(image: Omit<PngImage, "text"> & { text?: Record<string, string> }): Uint8Array {
  const { depth, data } = image;
  const hint = "correct the picture before writing it";
  if ((depth === 16) !== data instanceof Uint16Array) {
    throw new FormatError(format, `${depth}-bit samples are not in a Uint${depth}Array`, { hint });
  }
  try {
    return encode({ ...image, text: image.text ?? {} });
  } catch (cause) {
    throw new FormatError(format, `cannot be written: ${(cause as Error).message}`, { cause, hint });
  }
}

/** Checks the chunks and the length of the samples; gives the file reduced to the chunks of the picture. */
function checkChunks(bytes: Uint8Array) {
  if (!isPng(bytes))
    throw new FormatError(format, "the file does not begin with PNG's signature", { offset: 0 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const samples: Uint8Array[] = [];
  let header: Header | undefined;
  for (let offset = 8, type = ""; type !== "IEND"; ) {
    if (offset + 12 > bytes.length) throw new FormatError(format, "the file is cut short", { offset });
    const length = view.getUint32(offset);
    const end = offset + 12 + length;
    type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (end > bytes.length)
      throw new FormatError(format, `chunk ${type} reaches beyond the file`, { offset });
    if ((header === undefined) !== (type === "IHDR")) {
      throw new FormatError(format, "the header chunk is not first, or not the only one", { offset });
    }
    if (type === "IHDR") header = readHeader(view, offset + 8, length);
    if (type === "IDAT") samples.push(bytes.subarray(offset + 8, end - 4));
    if (passedOn.includes(type)) kept.push(bytes.subarray(offset, end));
    offset = end;
  }
  const { byteCount } = header!;
  const compressed = concatenateBytes(samples);
  if (byteCount > compressed.length * maxDeflateRatio) {
    throw new FormatError(format, `${compressed.length} bytes cannot hold ${byteCount} bytes of samples`);
  }
  inflateBounded(compressed, { format, wrapper: "zlib", minBytes: byteCount, maxBytes: byteCount });
  return { picture: concatenateBytes(kept), header: header! };
}

interface Header {
  readonly depth: number;
  readonly colorType: number;
  /** Length of the inflated samples with their filter bytes. */
  readonly byteCount: number;
}

function readHeader(view: DataView, offset: number, length: number): Header {
  const refuse = (fault: string, hint?: string): never => {
    throw new FormatError(format, fault, { offset, hint });
  };
  if (length !== 13) return refuse("the header chunk is not 13 bytes long");
  const width = view.getUint32(offset);
  const height = view.getUint32(offset + 4);
  const depth = view.getUint8(offset + 8);
  const colorType = view.getUint8(offset + 9);
  const interlaced = view.getUint8(offset + 12) !== 0;
  const samples = colorTypes.get(colorType)?.samples ?? 0;
  if (!colorTypes.get(colorType)?.depths.includes(depth)) {
    return refuse(`colour type ${colorType} with ${depth} bits is unknown`);
  }
  if (width === 0 || height === 0) return refuse(`a picture of ${width} x ${height} pixels is empty`);
  const tooLarge = width * height > maxPixels || (width * height * samples * depth) / 8 > maxDecodedBytes;
  if (tooLarge)
    return refuse(`${width} x ${height} pixels of ${samples} x ${depth} bits are too many`, "crop it first");
  if (interlaced && depth < 8)
    return refuse(`interlaced with ${depth} bits is not read`, "save it without interlacing");
  const lineBytes = (columns: number) => 1 + Math.ceil((columns * samples * depth) / 8);
  let byteCount = height * lineBytes(width);
  if (interlaced) {
    byteCount = 0;
    for (const [column, row, columnStep, rowStep] of passes) {
      const columns = Math.ceil((width - column) / columnStep);
      const rows = Math.ceil((height - row) / rowStep);
      if (columns > 0 && rows > 0) byteCount += rows * lineBytes(columns);
    }
  }
  return { depth, colorType, byteCount };
}

/** Samples of 1, 2 or 4 bits, rows padded to bytes, as 0..255. */
function spreadGrey({ width, height, depth, data }: DecodedPng): Uint8Array {
  const result = new Uint8Array(width * height);
  const lineBytes = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  for (let i = 0; i < result.length; i++) {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * lineBytes + (bit >> 3)]!;
    result[i] = (((byte >> (8 - depth - (bit & 7))) & largest) * 255) / largest;
  }
  return result;
}
