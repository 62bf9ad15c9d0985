// One page of a TIFF file as its tags describe it: size, sample type, and where its strips or tiles lie. What cannot
// be read is refused here by name, before anything is decoded (TIFF 6.0; tag codes as in libtiff's tiff.h).

import { FormatError } from "../errors.ts";
import type { DType } from "../nd-array.ts";
import { type BlockLayout, bytesOfSample } from "./blocks.ts";
import { maxRatioByCompression, nameOfCompression } from "./compression.ts";
import {
  readTiffDirectory,
  readTiffIntegers,
  readTiffNumber,
  readTiffText,
  type TiffDirectory,
  type TiffFile,
} from "./directory.ts";

export const tiffTags = {
  subfileType: 254,
  oldSubfileType: 255,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
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
  subPages: 330,
  sampleFormat: 339,
  imageDepth: 32997,
  noDataValue: 42113,
} as const;

export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly dtype: DType;
  /** Bits of a stored sample. */
  readonly bitsPerSample: number;
  /** Samples per pixel. */
  readonly samples: number;
  /** The samples are red, green and blue, and perhaps more. */
  readonly isRgb: boolean;
  readonly blocks: TiffBlocks;
  readonly layout: Omit<BlockLayout, "rows" | "maxRows">;
}

/** Strips or tiles: row by row, and plane by plane where samples are not interleaved. */
export interface TiffBlocks {
  readonly tiled: boolean;
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

const format = "tiff";
const maxPixels = 100e6;
const maxBlockBytes = 512 * 2 ** 20;
const maxSamples = 64;
const resave = "save it as plain 8- or 16-bit TIFF, uncompressed or with deflate or LZW";

/** Byte offsets of the pages of full resolution: levels of a pyramid and thumbnails left out. Throws FormatError. */
export function fullPages(file: TiffFile): readonly number[] {
  const full = file.pageOffsets.filter((offset) => !isReduced(file, offset));
  if (full.length > 0) return full;
  if (readTiffDirectory(file, file.pageOffsets[0]!).has(tiffTags.subPages)) {
    throw new FormatError(format, "its full picture lies behind a thumbnail, as camera raw files have it", {
      hint: "export it as plain TIFF",
    });
  }
  return file.pageOffsets;
}

/** The description of the file's first page. Throws FormatError. */
export function readDescription(file: TiffFile): string | undefined {
  return readTiffText(file, readTiffDirectory(file, file.pageOffsets[0]!), tiffTags.description);
}

/** A thumbnail, a mask, or a level of a pyramid: not the page itself. */
function isReduced(file: TiffFile, pageOffset: number): boolean {
  const directory = readTiffDirectory(file, pageOffset);
  const type = readTiffNumber(file, directory, tiffTags.subfileType);
  if (type !== undefined) return (type & 0b101) !== 0;
  return readTiffNumber(file, directory, tiffTags.oldSubfileType) === 2;
}

/** Describes the page at a byte offset. Throws FormatError, also above 100 million pixels. */
export function readTiffPage(file: TiffFile, pageOffset: number): TiffPage {
  const directory = readTiffDirectory(file, pageOffset);
  const one = (tag: number, fallback?: number) => readOne(file, directory, tag, fallback);
  const [width, height] = [one(tiffTags.width), one(tiffTags.height)];
  if (!(width > 0 && height > 0)) throw refuse(`a page of ${width} x ${height} pixels is empty`);
  if (width * height > maxPixels) throw refuse(`${width} x ${height} pixels are too many`, "crop it first");
  if (one(tiffTags.imageDepth, 1) > 1)
    throw refuse("pages that hold a volume are not read", "save one section per page");

  const samples = one(tiffTags.samplesPerPixel, 1);
  if (!(samples >= 1 && samples <= maxSamples))
    throw refuse(`${samples} samples per pixel are not read`, resave);
  const { bitsPerSample, dtype } = readSampleType(file, directory, samples);
  const compression = one(tiffTags.compression, 1);
  if (!maxRatioByCompression.has(compression))
    throw refuse(`${nameOfCompression(compression)} is not read`, resave);
  const photometric = one(tiffTags.photometric, 1);
  if (photometric === 6) throw refuse("YCbCr colours are not read", resave);
  const predictor = one(tiffTags.predictor, 1);
  const predictable =
    predictor === 2 ? bitsPerSample % 8 === 0 : predictor === 3 && dtype.startsWith("float");
  if (predictor !== 1 && !predictable)
    throw refuse(`predictor ${predictor} for ${bitsPerSample}-bit ${dtype} is not read`, resave);

  const interleaved = one(tiffTags.planarConfiguration, 1) !== 2;
  const pixelSamples = interleaved ? samples : 1;
  const [planes, stored] = [samples / pixelSamples, pixelSamples * bitsPerSample];
  const blocks = readBlocks(file, directory, { width, height, planes, stored, compression });
  const rowSamples = blocks.width * pixelSamples;
  if (blocks.height * rowSamples * bytesOfSample(bitsPerSample) > maxBlockBytes)
    throw refuse("its tiles are too large", resave);
  return {
    ...{ width, height, dtype, bitsPerSample, samples, isRgb: photometric === 2, blocks },
    layout: {
      ...{ compression, predictor, bitsPerSample, pixelSamples, rowSamples },
      littleEndian: file.littleEndian,
      lowBitFirst: one(tiffTags.fillOrder, 1) === 2,
    },
  };
}

function refuse(fault: string, hint?: string): FormatError {
  return new FormatError(format, fault, { hint });
}

function readOne(file: TiffFile, directory: TiffDirectory, tag: number, fallback?: number): number {
  const value = readTiffIntegers(file, directory, tag)?.[0] ?? fallback;
  if (value === undefined) throw refuse(`a page lacks the tag ${tag}`);
  return value;
}

interface BlockOptions {
  readonly width: number;
  readonly height: number;
  /** Planes that are stored one after another: samples that are not interleaved. */
  readonly planes: number;
  /** Bits of a pixel in a block. */
  readonly stored: number;
  readonly compression: number;
}

function readBlocks(file: TiffFile, directory: TiffDirectory, options: BlockOptions): TiffBlocks {
  const { width, height, planes, stored, compression } = options;
  const one = (tag: number, fallback?: number) => readOne(file, directory, tag, fallback);
  const tiled = directory.has(tiffTags.tileWidth);
  const blockWidth = tiled ? one(tiffTags.tileWidth) : width;
  const blockHeight = tiled ? one(tiffTags.tileHeight) : Math.min(one(tiffTags.rowsPerStrip, height), height);
  if (!(blockWidth > 0 && blockHeight > 0)) throw refuse("its strips or tiles are empty");
  const [across, down] = [Math.ceil(width / blockWidth), Math.ceil(height / blockHeight)];
  const count = across * down * planes;
  const list = (tag: number, stripTag: number) =>
    readTiffIntegers(file, directory, tag, count) ?? readTiffIntegers(file, directory, stripTag, count);
  const offsets = list(tiffTags.tileOffsets, tiffTags.stripOffsets) ?? [];
  let byteCounts = list(tiffTags.tileByteCounts, tiffTags.stripByteCounts) ?? [];
  if (byteCounts.length === 0 && compression === 1) {
    // Old writers left out the lengths of what is not compressed.
    const rowBytes = Math.ceil((blockWidth * stored) / 8);
    const rows = (index: number) =>
      tiled ? blockHeight : Math.min(blockHeight, height - (index % down) * blockHeight);
    byteCounts = offsets.map((_, index) => rows(index) * rowBytes);
  }
  if (offsets.length !== count || byteCounts.length !== count) {
    const found = `${offsets.length} offsets and ${byteCounts.length} lengths`;
    throw refuse(`a page has ${found} for ${count} strips or tiles`);
  }
  if (directory.has(tiffTags.noDataValue) && byteCounts.includes(0))
    throw refuse("empty tiles that stand for a no-data value are not read", resave);
  return { tiled, width: blockWidth, height: blockHeight, across, down, offsets, byteCounts };
}

function readSampleType(file: TiffFile, directory: TiffDirectory, samples: number) {
  const bits = readTiffIntegers(file, directory, tiffTags.bitsPerSample, samples) ?? [1];
  const formats = readTiffIntegers(file, directory, tiffTags.sampleFormat, samples) ?? [1];
  if (new Set(bits).size > 1 || new Set(formats).size > 1)
    throw refuse("samples of different types in a pixel are not read", resave);
  const [bitsPerSample, sampleFormat] = [bits[0]!, formats[0]!];
  const dtype = typeOfSamples(sampleFormat, bitsPerSample);
  if (dtype !== undefined) return { bitsPerSample, dtype };
  const kind = sampleKinds[sampleFormat] ?? `format ${sampleFormat}`;
  throw refuse(`${kind} samples of ${bitsPerSample} bits are not read`, resave);
}

const sampleKinds: Readonly<Record<number, string>> = {
  ...{ 1: "unsigned", 2: "signed", 3: "floating-point", 4: "untyped", 5: "complex", 6: "complex" },
};

/** Type of the values in memory; packed integers take the next whole width. */
function typeOfSamples(sampleFormat: number, bits: number): DType | undefined {
  const width = bits <= 8 ? 8 : bits <= 16 ? 16 : bits;
  if (![8, 16, 32, 64].includes(width) || bits === 0) return undefined;
  if (sampleFormat === 1 || sampleFormat === 4) return bits === 1 ? "bool" : (`uint${width}` as DType);
  if (bits !== width) return undefined;
  if (sampleFormat === 2) return `int${width}` as DType;
  return sampleFormat === 3 && bits > 8 ? (`float${width}` as DType) : undefined;
}
