// TIFF as microscopes write it: 8, 16, 32 or 64 bits, integer or floating point, strips or tiles, interleaved or
// planar, one page a channel or several samples a pixel, classic or BigTIFF, either byte order; uncompressed or
// with deflate, LZW or PackBits, with or without a predictor. All sizes are checked before anything is allocated.

import { FormatError } from "../errors.ts";
import { type DType, elementCount, type NdArray, viewBytes } from "../nd-array.ts";
import { type BlockLayout, maxRatioByCompression, unpackBlock } from "./blocks.ts";
import {
  readTiffDirectories,
  readTiffIntegers,
  readTiffRatio,
  readTiffText,
  type TiffDirectory,
  type TiffFile,
} from "./directory.ts";
import { findPixelSize } from "./pixel-size.ts";

export interface TiffImage {
  readonly width: number;
  readonly height: number;
  /** [channels, height, width]: the samples of the first page, then of the next. */
  readonly planes: NdArray;
  /** Width of a pixel in micrometres, where the file says it. */
  readonly pixelSizeMicrons?: number;
  /** The first page's description: OME-XML, ImageJ's properties or free text. */
  readonly description?: string;
}

interface Page {
  readonly width: number;
  readonly height: number;
  readonly dtype: DType;
  /** Samples a pixel. */
  readonly samples: number;
  /** Samples stand side by side in a pixel, rather than in planes of their own. */
  readonly interleaved: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly tiled: boolean;
  readonly layout: Omit<BlockLayout, "rows" | "maxRows">;
  readonly directory: TiffDirectory;
}

const format = "tiff";
const maxPixels = 100e6;
const maxDecodedBytes = 512 * 2 ** 20;
const maxSamples = 64;
const resave = "save it as plain 8- or 16-bit TIFF, uncompressed or with deflate or LZW";

const tags = {
  subfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  description: 270,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  planarConfiguration: 284,
  resolutionUnit: 296,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
} as const;

const dtypeByFormat = new Map<string, DType>([
  ["1/8", "uint8"],
  ["1/16", "uint16"],
  ["1/32", "uint32"],
  ["2/8", "int8"],
  ["2/16", "int16"],
  ["2/32", "int32"],
  ["3/16", "float16"],
  ["3/32", "float32"],
  ["3/64", "float64"],
]);

/**
 * Reads all pages of full resolution as channels; pages must agree in size and sample type. Values are those of
 * the file: no palette, no inversion. Throws FormatError, also above 100 million pixels or 512 MiB of samples.
 */
export function readTiff(bytes: Uint8Array): TiffImage {
  const file = readTiffDirectories(bytes);
  const full = file.directories.filter((directory) => !isReduced(file, directory));
  const pages = (full.length > 0 ? full : file.directories).map((directory) => readPage(file, directory));
  const [first] = pages as [Page, ...Page[]];
  const { width, height, dtype } = first;
  const channels = pages.reduce((sum, { samples }) => sum + samples, 0);
  if (pages.some((page) => page.width !== width || page.height !== height || page.dtype !== dtype)) {
    throw new FormatError(format, "its pages differ in size or sample type", {
      hint: "save one channel a page",
    });
  }
  const shape = [channels, height, width];
  const { bytesPerSample } = first.layout;
  const total = elementCount(shape) * bytesPerSample;
  const ratio = Math.max(...pages.map(({ layout }) => maxRatioByCompression.get(layout.compression)!));
  if (total > maxDecodedBytes || total > bytes.length * ratio) {
    const limit = Math.min(maxDecodedBytes, bytes.length * ratio);
    const what = `${channels} x ${height} x ${width} ${dtype} needs ${total} bytes, above ${limit}`;
    throw new FormatError(format, what, { hint: "the file is damaged, or too large: crop it first" });
  }
  const decoded = new Uint8Array(total);
  let start = 0;
  for (const page of pages) {
    readPlanes(file, page, decoded.subarray(start));
    start += page.samples * height * width * bytesPerSample;
  }
  const [directory] = file.directories as [TiffDirectory, ...TiffDirectory[]];
  const description = readTiffText(file, directory, tags.description);
  const pixelSizeMicrons = findPixelSize({
    description,
    pixelsPerUnit: readTiffRatio(file, directory, tags.xResolution),
    unit: readTiffIntegers(file, directory, tags.resolutionUnit)?.[0],
  });
  return {
    width,
    height,
    planes: { dtype, shape, data: viewBytes(decoded, dtype, 0, elementCount(shape)) },
    ...(pixelSizeMicrons === undefined ? {} : { pixelSizeMicrons }),
    ...(description === undefined ? {} : { description }),
  };
}

/** A thumbnail or a level of a pyramid. */
function isReduced(file: TiffFile, directory: TiffDirectory): boolean {
  return ((readTiffIntegers(file, directory, tags.subfileType)?.[0] ?? 0) & 1) === 1;
}

function readPage(file: TiffFile, directory: TiffDirectory): Page {
  const one = (tag: number, fallback?: number): number => {
    const value = readTiffIntegers(file, directory, tag)?.[0] ?? fallback;
    if (value === undefined) throw new FormatError(format, `a page lacks the tag ${tag}`);
    return value;
  };
  const refuse = (fault: string, hint?: string): never => {
    throw new FormatError(format, fault, { hint });
  };
  const width = one(tags.width);
  const height = one(tags.height);
  if (!(width > 0 && height > 0)) return refuse(`a page of ${width} x ${height} pixels is empty`);
  if (width * height > maxPixels) return refuse(`${width} x ${height} pixels are too many`, "crop it first");

  const samples = one(tags.samplesPerPixel, 1);
  if (!(samples >= 1 && samples <= maxSamples))
    return refuse(`${samples} samples a pixel are not read`, resave);
  const bits = readTiffIntegers(file, directory, tags.bitsPerSample, maxSamples) ?? [1];
  const formats = readTiffIntegers(file, directory, tags.sampleFormat, maxSamples) ?? [1];
  const dtype = dtypeByFormat.get(`${formats[0]}/${bits[0]}`);
  if (dtype === undefined || bits.some((b) => b !== bits[0]) || formats.some((f) => f !== formats[0])) {
    return refuse(`samples of ${bits.join(", ")} bits in format ${formats.join(", ")} are not read`, resave);
  }
  const compression = one(tags.compression, 1);
  if (!maxRatioByCompression.has(compression))
    return refuse(`compression ${compression} is not read`, resave);
  if (one(tags.photometric, 1) === 6) return refuse("YCbCr colours are not read", resave);
  const bytesPerSample = bits[0]! / 8;
  const predictor = one(tags.predictor, 1);
  const predictable =
    predictor === 2 ? bytesPerSample <= 4 : predictor === 3 ? dtype.startsWith("float") : predictor === 1;
  if (!predictable) return refuse(`predictor ${predictor} for ${dtype} is not read`, resave);

  const interleaved = one(tags.planarConfiguration, 1) === 1;
  const tiled = directory.has(tags.tileOffsets);
  const blockWidth = tiled ? one(tags.tileWidth) : width;
  const blockHeight = tiled ? one(tags.tileHeight) : Math.min(one(tags.rowsPerStrip, height), height);
  if (!(blockWidth > 0 && blockHeight > 0)) return refuse("strips or tiles are empty");
  const pixelSamples = interleaved ? samples : 1;
  if (blockWidth * blockHeight * pixelSamples * bytesPerSample > maxDecodedBytes)
    return refuse("tiles are too large", resave);
  const layout = {
    compression,
    predictor,
    littleEndian: file.littleEndian,
    bytesPerSample,
    pixelSamples,
    rowSamples: blockWidth * pixelSamples,
  };
  return {
    width,
    height,
    dtype,
    samples,
    interleaved,
    blockWidth,
    blockHeight,
    tiled,
    layout,
    directory,
  };
}

/** Unpacks a page's blocks into [samples, height, width] at the start of `decoded`. */
function readPlanes(file: TiffFile, page: Page, decoded: Uint8Array): void {
  const { width, height, samples, blockWidth, blockHeight, layout } = page;
  const { pixelSamples, bytesPerSample, compression } = layout;
  const across = Math.ceil(width / blockWidth);
  const down = Math.ceil(height / blockHeight);
  const { offsets, byteCounts } = readBlockTable(
    file,
    page,
    across * down * (page.interleaved ? 1 : samples),
  );
  const target = unsignedView(decoded, bytesPerSample, samples * height * width);
  for (const [index, offset] of offsets.entries()) {
    const packedEnd = offset + byteCounts[index]!;
    if (packedEnd > file.bytes.length)
      throw new FormatError(format, "a strip or tile lies outside the file", { offset });
    const packed = file.bytes.subarray(offset, packedEnd);
    const firstColumn = (index % across) * blockWidth;
    const firstRow = (Math.floor(index / across) % down) * blockHeight;
    const firstPlane = Math.floor(index / (across * down));
    const columns = Math.min(blockWidth, width - firstColumn);
    const usedRows = Math.min(blockHeight, height - firstRow);
    const rows = page.tiled ? blockHeight : usedRows;
    if (rows * layout.rowSamples * bytesPerSample > packed.length * maxRatioByCompression.get(compression)!) {
      throw new FormatError(format, `${packed.length} bytes cannot hold a strip or tile`, { offset });
    }
    const block = unpackBlock(packed, { ...layout, rows, maxRows: blockHeight });
    const source = unsignedView(block, bytesPerSample, rows * layout.rowSamples);
    for (let sample = 0; sample < pixelSamples; sample++) {
      const plane = (firstPlane + sample) * height;
      for (let row = 0; row < usedRows; row++) {
        const to = (plane + firstRow + row) * width + firstColumn;
        const from = row * layout.rowSamples + sample;
        for (let column = 0; column < columns; column++)
          target[to + column] = source[from + column * pixelSamples]!;
      }
    }
  }
}

function readBlockTable(file: TiffFile, { directory, tiled }: Page, blocks: number) {
  const [offsetTag, countTag] = tiled
    ? [tags.tileOffsets, tags.tileByteCounts]
    : [tags.stripOffsets, tags.stripByteCounts];
  const offsets = readTiffIntegers(file, directory, offsetTag, blocks) ?? [];
  const byteCounts = readTiffIntegers(file, directory, countTag, blocks) ?? [];
  if (offsets.length !== blocks || byteCounts.length !== blocks) {
    const found = `${offsets.length} offsets and ${byteCounts.length} lengths`;
    throw new FormatError(format, `a page has ${found} for ${blocks} strips or tiles`);
  }
  return { offsets, byteCounts };
}

/** Samples as unsigned elements of their width, to move them whatever they mean; 8 bytes move as floats. */
function unsignedView(bytes: Uint8Array, bytesPerSample: number, count: number) {
  const Type = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array }[bytesPerSample]!;
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
}
