// The skeleton of a TIFF file (TIFF 6.0, and BigTIFF): its chain of directories and their tags, in both byte
// orders. Nothing is decoded here and nothing allocated but what lies inside the file; a chain that runs in a
// circle, directories that overlap, or a value outside the file, are refused.

import { FormatError } from "../errors.ts";

export interface TiffField {
  /** Code of the value type, as in the specification. */
  readonly type: number;
  readonly count: number;
  /** Byte offset of the values in the file. */
  readonly offset: number;
}

export type TiffDirectory = ReadonlyMap<number, TiffField>;

export interface TiffFile {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** BigTIFF: counts and offsets of 64 bits. */
  readonly big: boolean;
  /** Byte offsets of the directories of the main chain, one per page. */
  readonly pageOffsets: readonly number[];
}

const format = "tiff";
const maxPages = 65_536;

// Bytes per value, by type code: BYTE ASCII SHORT LONG RATIONAL SBYTE UNDEFINED SSHORT SLONG SRATIONAL FLOAT DOUBLE
// IFD, and BigTIFF's LONG8 SLONG8 IFD8.
const typeSizes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 },
  ...{ 16: 8, 17: 8, 18: 8 },
};

export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  const magic = a === 0x49 && b === 0x49 && d === 0 ? c : a === 0x4d && b === 0x4d && c === 0 ? d : undefined;
  return magic === 42 || magic === 43;
}

/** Reads the header and walks the chain of directories. Throws FormatError. */
export function openTiffFile(bytes: Uint8Array): TiffFile {
  if (!isTiff(bytes) || bytes.length < 8) {
    throw new FormatError(format, "the file does not begin with TIFF's magic bytes, or is cut short", {
      offset: 0,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const littleEndian = bytes[0] === 0x49;
  const big = view.getUint16(2, littleEndian) === 43;
  if (big && (bytes.length < 16 || view.getUint16(4, littleEndian) !== 8)) {
    throw new FormatError(format, "BigTIFF header is damaged", { offset: 4 });
  }
  const pageOffsets: number[] = [];
  const file = { bytes, view, littleEndian, big, pageOffsets };
  const seen = new Set<number>();
  let entryBytes = 0;
  for (let start = readOffset(file, big ? 8 : 4); start !== 0; ) {
    if (seen.has(start))
      throw new FormatError(format, "the chain of pages runs in a circle", { offset: start });
    if (seen.size === maxPages)
      throw new FormatError(format, `more than ${maxPages} pages`, {
        offset: start,
        hint: "split the file",
      });
    seen.add(start);
    pageOffsets.push(start);
    const { first, end } = findEntries(file, start);
    entryBytes += end - first;
    // Directories that share bytes would make a small file promise more entries than it holds.
    if (entryBytes > bytes.length) throw new FormatError(format, "its pages overlap", { offset: start });
    start = readOffset(file, end);
  }
  if (pageOffsets.length === 0) throw new FormatError(format, "the file has no page");
  return file;
}

/** The tags of the directory at a byte offset; where a tag is there twice, the first counts. Throws FormatError. */
export function readTiffDirectory(file: TiffFile, start: number): TiffDirectory {
  const { view, littleEndian, big } = file;
  const { first, end, entrySize } = findEntries(file, start);
  const offsetSize = big ? 8 : 4;
  const directory = new Map<number, TiffField>();
  for (let at = first; at < end; at += entrySize) {
    const tag = view.getUint16(at, littleEndian);
    if (directory.has(tag)) continue;
    const type = view.getUint16(at + 2, littleEndian);
    const count = readOffset(file, at + 4);
    const valueAt = at + entrySize - offsetSize;
    const size = (typeSizes[type] ?? 0) * count;
    directory.set(tag, { type, count, offset: size <= offsetSize ? valueAt : readOffset(file, valueAt) });
  }
  return directory;
}

function findEntries(file: Omit<TiffFile, "pageOffsets">, start: number) {
  const { bytes, view, littleEndian, big } = file;
  const [countSize, entrySize, offsetSize] = big ? [8, 20, 8] : [2, 12, 4];
  if (start + countSize > bytes.length)
    throw new FormatError(format, "a page lies outside the file", { offset: start });
  const count = big ? Number(view.getBigUint64(start, littleEndian)) : view.getUint16(start, littleEndian);
  const first = start + countSize;
  const end = first + count * entrySize;
  if (end + offsetSize > bytes.length)
    throw new FormatError(format, "a page is cut short", { offset: start });
  return { first, end, entrySize };
}

function readOffset({ view, littleEndian, big }: Omit<TiffFile, "pageOffsets">, at: number): number {
  return big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
}

/**
 * The first whole numbers of a tag, at most `most` of them; undefined where the page has no such tag, or has it
 * empty. Throws FormatError for values that are no whole numbers or lie outside the file.
 */
export function readTiffIntegers(
  file: TiffFile,
  directory: TiffDirectory,
  tag: number,
  most = 1,
): number[] | undefined {
  const field = directory.get(tag);
  if (field === undefined || field.count === 0) return undefined;
  const size = checkInside(file, field, tag);
  return Array.from({ length: Math.min(field.count, most) }, (_, index) => {
    const at = field.offset + index * size;
    const value = readNumber(file, field.type, at);
    if (value === undefined || !(Number.isSafeInteger(value) && value >= 0))
      throw new FormatError(format, `tag ${tag} holds no whole number`, { offset: at });
    return value;
  });
}

/** The number of an optional tag, whatever its type; undefined where there is none that can be read. */
export function readTiffNumber(file: TiffFile, directory: TiffDirectory, tag: number): number | undefined {
  const field = directory.get(tag);
  const size = typeSizes[field?.type ?? 0];
  if (field === undefined || field.count === 0 || size === undefined) return undefined;
  return field.offset + size <= file.bytes.length ? readNumber(file, field.type, field.offset) : undefined;
}

/** Text of a tag, without its closing zeros; undefined where the page has no such text. Throws FormatError. */
export function readTiffText(file: TiffFile, directory: TiffDirectory, tag: number): string | undefined {
  const field = directory.get(tag);
  if (field === undefined || typeSizes[field.type] !== 1) return undefined;
  checkInside(file, field, tag);
  let end = field.offset + field.count;
  while (end > field.offset && file.bytes[end - 1] === 0) end--;
  const text = file.bytes.subarray(field.offset, end);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return new TextDecoder("windows-1252").decode(text);
  }
}

function checkInside(file: TiffFile, field: TiffField, tag: number): number {
  const size = typeSizes[field.type];
  if (size === undefined) throw new FormatError(format, `tag ${tag} has the unknown type ${field.type}`);
  if (field.offset + field.count * size > file.bytes.length) {
    throw new FormatError(format, `tag ${tag} lies outside the file`, { offset: field.offset });
  }
  return size;
}

function readNumber({ view, littleEndian }: TiffFile, type: number, at: number): number | undefined {
  switch (type) {
    case 1:
      return view.getUint8(at);
    case 3:
      return view.getUint16(at, littleEndian);
    case 4:
    case 13:
      return view.getUint32(at, littleEndian);
    case 5:
      return view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, littleEndian);
    case 9:
      return view.getInt32(at, littleEndian);
    case 10:
      return view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian);
    case 11:
      return view.getFloat32(at, littleEndian);
    case 12:
      return view.getFloat64(at, littleEndian);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, littleEndian));
    case 17:
      return Number(view.getBigInt64(at, littleEndian));
    default:
      return undefined;
  }
}
