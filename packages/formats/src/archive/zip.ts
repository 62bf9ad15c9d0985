// The part of ZIP (APPNOTE 6.3.10) that .npz files and PyTorch checkpoints use: stored and deflated entries,
// with or without Zip64. Stored entries are views of the file, because a checkpoint holds gigabytes of them.
// Sizes come from the central directory; checksums are not verified, as PyTorch does not either. A file above 4 GiB, which
// is no one array, is read by parts.

import { FormatError } from "../errors.ts";
import { inflateBounded, maxDeflateRatio } from "../inflate.ts";
import { printable } from "../printable.ts";

export interface ZipEntry {
  readonly name: string;
  readonly method: "stored" | "deflated";
  /** Bytes once unpacked. */
  readonly size: number;
  /** The packed bytes, a view of the file. */
  readonly packed: Uint8Array;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;

/** An entry as the directory of an archive lists it. */
export interface ZipListing extends Omit<ZipEntry, "packed"> {
  readonly packedSize: number;
  /** Byte of its local header, which says where the packed bytes begin. */
  readonly localStart: number;
}

/** A file of which parts are read. */
export interface ByteSource {
  /** Its length in bytes. */
  readonly size: number;
  /** The bytes from `begin` up to `end`. */
  read(begin: number, end: number): Promise<Uint8Array>;
}

/** Lists the entries of an archive; `format` names the reader in errors. Throws FormatError. */
export function readZipEntries(bytes: Uint8Array, format: string): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const { start, end, count } = findDirectory(view, { tailStart: 0, format });
  const listings = readDirectory(bytes.subarray(start, end), { start, count, format });
  const entries = new Map<string, ZipEntry>();
  for (const listing of listings.values()) {
    const { name, method, size, packedSize, localStart } = listing;
    const refuse = refusal(format, name, localStart);
    const begin = localStart + 30 > bytes.length ? undefined : packedStart(view, 0, localStart);
    if (begin === undefined) return refuse("has no local header");
    if (begin + packedSize > bytes.length) return refuse("reaches beyond the file");
    entries.set(name, { name, method, size, packed: bytes.subarray(begin, begin + packedSize) });
  }
  refuseOverlaps(entries.values(), format);
  return entries;
}

/** Lists the entries of an archive of any size, of which the directory alone is read. Throws FormatError. */
export async function listZipEntries(source: ByteSource, format: string): Promise<Map<string, ZipListing>> {
  const tailStart = Math.max(0, source.size - longestTail);
  const tail = await source.read(tailStart, source.size);
  const end64 = find64Place(viewOf(tail), tailStart);
  const record = end64 === undefined ? undefined : viewOf(await source.read(end64, end64 + 56));
  const { start, end, count } = findDirectory(viewOf(tail), { tailStart, format, record });
  return readDirectory(await source.read(start, end), { start, count, format });
}

/** Reads the bytes of a stored entry, or a part of them. Throws FormatError. */
export async function readStoredEntry(
  source: ByteSource,
  { name, method, size, localStart }: ZipListing,
  format: string,
  [begin, end]: readonly [begin: number, end: number] = [0, size],
): Promise<Uint8Array> {
  const refuse = refusal(format, name, localStart);
  if (method !== "stored") return refuse("is compressed");
  const header = await source.read(localStart, localStart + 30);
  const start = header.length < 30 ? undefined : packedStart(viewOf(header), localStart, localStart);
  if (start === undefined) return refuse("has no local header");
  if (start + size > source.size) return refuse("reaches beyond the file");
  return source.read(start + begin, start + end);
}

/** The end record, its comment of up to 65535 bytes, and the records of Zip64 before it. */
const longestTail = 22 + 0xffff + 20 + 56;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function refusal(format: string, name: string, offset: number): (fault: string) => never {
  return (fault) => {
    throw new FormatError(format, `entry "${printable(name)}" ${fault}`, { offset });
  };
}

/** Where the packed bytes of an entry begin; `view` begins at byte `viewStart` of the file. */
function packedStart(view: DataView, viewStart: number, localStart: number): number | undefined {
  const at = localStart - viewStart;
  if (view.getUint32(at, true) !== localSignature) return undefined;
  return localStart + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
}

/** The entries of a directory that begins at byte `start` of the file. */
function readDirectory(
  bytes: Uint8Array,
  { start, count, format }: { readonly start: number; readonly count: number; readonly format: string },
): Map<string, ZipListing> {
  const view = viewOf(bytes);
  const entries = new Map<string, ZipListing>();
  const decoder = new TextDecoder();
  let offset = 0;
  for (let index = 0; index < count; index++) {
    if (offset + 46 > bytes.length || view.getUint32(offset, true) !== centralSignature) {
      throw new FormatError(format, `entry ${index + 1} of ${count} is missing in the zip directory`, {
        offset: start + offset,
      });
    }
    const nameLength = view.getUint16(offset + 28, true);
    const extraLength = view.getUint16(offset + 30, true);
    const next = offset + 46 + nameLength + extraLength + view.getUint16(offset + 32, true);
    if (next > bytes.length)
      throw new FormatError(format, "zip directory is cut short", { offset: start + offset });
    const name = decoder.decode(bytes.subarray(offset + 46, offset + 46 + nameLength));
    if (entries.has(name))
      throw new FormatError(format, `two entries are named "${printable(name)}"`, {
        offset: start + offset,
      });
    const extraStart = offset + 46 + nameLength;
    entries.set(name, readListing(view, { offset, name, extraStart, extraLength, format, start }));
    offset = next;
  }
  return entries;
}

/** Bytes of one entry: a view when stored, inflated when deflated. Throws FormatError. */
export function unpackZipEntry(entry: ZipEntry, format: string): Uint8Array {
  if (entry.method === "stored") return entry.packed;
  return inflateBounded(entry.packed, { format, wrapper: "raw", minBytes: entry.size, maxBytes: entry.size });
}

/** Entries that share their bytes unfold to the square of the file's size. */
function refuseOverlaps(entries: Iterable<ZipEntry>, format: string): void {
  let end = 0;
  for (const { name, packed } of [...entries].sort((a, b) => a.packed.byteOffset - b.packed.byteOffset)) {
    if (packed.byteOffset < end && packed.length > 0)
      throw new FormatError(format, `entry "${printable(name)}" lies on another`);
    end = Math.max(end, packed.byteOffset + packed.length);
  }
}

interface DirectorySearch {
  /** Byte of the file at which the searched bytes begin. */
  readonly tailStart: number;
  readonly format: string;
  /** The end record of Zip64 where it was read already. */
  readonly record?: DataView | undefined;
}

/** Where the directory lies in the file, by the end record in the file's last bytes. */
function findDirectory(tail: DataView, { tailStart, format, record }: DirectorySearch) {
  const end = findEnd(tail);
  if (end === undefined)
    throw new FormatError(format, "not a zip archive, or cut short: its end record is missing");
  const offset = tailStart + end;
  let count = tail.getUint16(end + 10, true);
  let size = tail.getUint32(end + 12, true);
  let start = tail.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    const place = find64Place(tail, tailStart);
    const found = record ?? (place === undefined ? undefined : partOf(tail, place - tailStart));
    if (found === undefined || found.byteLength < 56 || found.getUint32(0, true) !== end64Signature)
      throw new FormatError(format, "Zip64 end record is missing", { offset });
    count = Number(found.getBigUint64(32, true));
    size = Number(found.getBigUint64(40, true));
    start = Number(found.getBigUint64(48, true));
  }
  if (start + size > offset || count * 46 > size) {
    throw new FormatError(format, "zip directory lies outside the file", { offset });
  }
  return { count, start, end: start + size };
}

/** Place of the end record, which is followed by a comment of up to 65535 bytes. */
function findEnd(tail: DataView): number | undefined {
  for (let end = tail.byteLength - 22; end >= Math.max(0, tail.byteLength - 22 - 0xffff); end--)
    if (tail.getUint32(end, true) === endSignature) return end;
  return undefined;
}

/** Byte of the file at which the locator says that the end record of Zip64 lies, where it lies before the locator. */
function find64Place(tail: DataView, tailStart: number): number | undefined {
  const locator = (findEnd(tail) ?? 0) - 20;
  if (locator < 0 || tail.getUint32(locator, true) !== locator64Signature) return undefined;
  const place = Number(tail.getBigUint64(locator + 8, true));
  return place + 56 <= tailStart + locator ? place : undefined;
}

function partOf(view: DataView, start: number): DataView | undefined {
  if (start < 0 || start + 56 > view.byteLength) return undefined;
  return new DataView(view.buffer, view.byteOffset + start, 56);
}

interface CentralRecord {
  offset: number;
  name: string;
  extraStart: number;
  extraLength: number;
  format: string;
  /** Byte of the file at which the directory begins. */
  start: number;
}

function readListing(view: DataView, record: CentralRecord): ZipListing {
  const { offset, name, format, start } = record;
  const refuse = refusal(format, name, start + offset);
  const methodCode = view.getUint16(offset + 10, true);
  if (view.getUint16(offset + 8, true) & 1) return refuse("is encrypted");
  if (methodCode !== 0 && methodCode !== 8)
    return refuse(`is packed by method ${methodCode}, not stored or deflated`);
  const [size, packedSize, localStart] = readSizes(view, record);
  if (localStart + 30 <= start && localStart + 30 + packedSize > start)
    return refuse("reaches beyond the file");
  if (methodCode === 0 && size !== packedSize) return refuse("is stored, but its two sizes differ");
  if (size > packedSize * maxDeflateRatio) return refuse(`cannot unfold ${packedSize} bytes into ${size}`);
  return { name, method: methodCode === 0 ? "stored" : "deflated", size, packedSize, localStart };
}

/** Size, packed size and start of the local header, from the Zip64 extra field where 32 bits were not enough. */
function readSizes(view: DataView, { offset, extraStart, extraLength, format, start }: CentralRecord) {
  const sizes: [number, number, number] = [
    view.getUint32(offset + 24, true),
    view.getUint32(offset + 20, true),
    view.getUint32(offset + 42, true),
  ];
  if (!sizes.includes(0xffffffff)) return sizes;
  for (let field = extraStart; field + 4 <= extraStart + extraLength; ) {
    const end = field + 4 + view.getUint16(field + 2, true);
    if (view.getUint16(field, true) === 1 && end <= extraStart + extraLength) {
      let value = field + 4;
      for (const [index, size] of sizes.entries()) {
        if (size !== 0xffffffff || value + 8 > end) continue;
        sizes[index] = Number(view.getBigUint64(value, true));
        value += 8;
      }
      return sizes;
    }
    field = end;
  }
  throw new FormatError(format, "Zip64 sizes are missing", { offset: start + offset });
}
