// The skeleton of a TIFF file (TIFF 6.0, and BigTIFF): its chain of directories and their tags, in both byte
// orders. Nothing is decoded here and nothing allocated but what lies inside the file; a chain that runs in a
// circle, or a value outside the file, is refused.

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
  readonly directories: readonly TiffDirectory[];
}

const format = "tiff";
const maxDirectories = 4096;

// Bytes a value, by type code: BYTE ASCII SHORT LONG RATIONAL SBYTE UNDEFINED SSHORT SLONG SRATIONAL FLOAT DOUBLE IFD,
// and BigTIFF's LONG8 SLONG8 IFD8.
const typeSizes: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 },
  ...{ 16: 8, 17: 8, 18: 8 },
};

export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  const magic = a === 0x49 && b === 0x49 && d === 0 ? c : a === 0x4d && b === 0x4d && c === 0 ? d : undefined;
  return magic === 42 || magic === 43;
}

/** Reads the chain of directories. Throws FormatError. */
export function readTiffDirectories(bytes: Uint8Array): TiffFile {
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
  const readOffset = (at: number) =>
    big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  const [countSize, entrySize, offsetSize] = big ? [8, 20, 8] : [2, 12, 4];
  const directories: TiffDirectory[] = [];
  const seen = new Set<number>();
  for (let start = readOffset(big ? 8 : 4); start !== 0; ) {
    if (seen.has(start))
      throw new FormatError(format, "the chain of pages runs in a circle", { offset: start });
    if (seen.size === maxDirectories)
      throw new FormatError(format, `more than ${maxDirectories} pages`, { offset: start });
    seen.add(start);
    if (start + countSize > bytes.length)
      throw new FormatError(format, "a page lies outside the file", { offset: start });
    const count = big ? Number(view.getBigUint64(start, littleEndian)) : view.getUint16(start, littleEndian);
    const end = start + countSize + count * entrySize;
    if (end + offsetSize > bytes.length)
      throw new FormatError(format, "a page is cut short", { offset: start });
    const directory = new Map<number, TiffField>();
    for (let at = start + countSize; at < end; at += entrySize) {
      const type = view.getUint16(at + 2, littleEndian);
      const length = readOffset(at + 4);
      const valueAt = at + entrySize - offsetSize;
      const size = (typeSizes[type] ?? 0) * length;
      directory.set(view.getUint16(at, littleEndian), {
        type,
        count: length,
        offset: size <= offsetSize ? valueAt : readOffset(valueAt),
      });
    }
    directories.push(directory);
    start = readOffset(end);
  }
  if (directories.length === 0) throw new FormatError(format, "the file has no page");
  return { bytes, view, littleEndian, directories };
}

/** Whole numbers of a tag, at most `maxCount`; undefined where the page has no such tag. Throws FormatError. */
export function readTiffIntegers(
  file: TiffFile,
  directory: TiffDirectory,
  tag: number,
  maxCount = 1,
): number[] | undefined {
  const field = directory.get(tag);
  if (field === undefined) return undefined;
  const size = checkInside(file, field, tag);
  if (field.count === 0 || field.count > maxCount) {
    throw new FormatError(format, `tag ${tag} has ${field.count} values, not 1 to ${maxCount}`, {
      offset: field.offset,
    });
  }
  return Array.from({ length: field.count }, (_, index) =>
    readInteger(file, field.type, field.offset + index * size, tag),
  );
}

/** The quotient of a rational tag; undefined where the page has no such tag. Throws FormatError. */
export function readTiffRatio(file: TiffFile, directory: TiffDirectory, tag: number): number | undefined {
  const field = directory.get(tag);
  if (field === undefined) return undefined;
  checkInside(file, field, tag);
  if (field.type !== 5 || field.count !== 1) {
    throw new FormatError(format, `tag ${tag} is not one rational number`, { offset: field.offset });
  }
  const { view, littleEndian } = file;
  return view.getUint32(field.offset, littleEndian) / view.getUint32(field.offset + 4, littleEndian);
}

/** Text of a tag, without its closing zero; undefined where the page has no such tag. Throws FormatError. */
export function readTiffText(file: TiffFile, directory: TiffDirectory, tag: number): string | undefined {
  const field = directory.get(tag);
  if (field === undefined) return undefined;
  const size = checkInside(file, field, tag);
  if (size !== 1) throw new FormatError(format, `tag ${tag} is not text`, { offset: field.offset });
  let end = field.offset + field.count;
  while (end > field.offset && file.bytes[end - 1] === 0) end--;
  return new TextDecoder().decode(file.bytes.subarray(field.offset, end));
}

function checkInside(file: TiffFile, field: TiffField, tag: number): number {
  const size = typeSizes[field.type];
  if (size === undefined) throw new FormatError(format, `tag ${tag} has the unknown type ${field.type}`);
  if (field.offset + field.count * size > file.bytes.length) {
    throw new FormatError(format, `tag ${tag} lies outside the file`, { offset: field.offset });
  }
  return size;
}

function readInteger({ view, littleEndian }: TiffFile, type: number, at: number, tag: number): number {
  switch (type) {
    case 1:
      return view.getUint8(at);
    case 3:
      return view.getUint16(at, littleEndian);
    case 4:
      return view.getUint32(at, littleEndian);
    case 16:
      return Number(view.getBigUint64(at, littleEndian));
    default:
      throw new FormatError(format, `tag ${tag} has the type ${type} where a whole number is expected`, {
        offset: at,
      });
  }
}
