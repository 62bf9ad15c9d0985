// The part of ZIP (APPNOTE 6.3.10) that .npz files and PyTorch checkpoints use: stored and deflated entries,
// with or without Zip64. Stored entries are views of the file, because a checkpoint holds gigabytes of them.
// Sizes come from the central directory; checksums are not verified, as PyTorch does not either.

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

/** Lists the entries of an archive; `format` names the reader in errors. Throws FormatError. */
export function readZipEntries(bytes: Uint8Array, format: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { count, directoryStart, directoryEnd } = findDirectory(view, format);
  const entries = new Map<string, ZipEntry>();
  const decoder = new TextDecoder();
  let offset = directoryStart;
  for (let index = 0; index < count; index++) {
    if (offset + 46 > directoryEnd || view.getUint32(offset, true) !== centralSignature) {
      throw new FormatError(format, `entry ${index + 1} of ${count} is missing in the zip directory`, {
        offset,
      });
    }
    const nameLength = view.getUint16(offset + 28, true);
    const extraLength = view.getUint16(offset + 30, true);
    const next = offset + 46 + nameLength + extraLength + view.getUint16(offset + 32, true);
    if (next > directoryEnd) throw new FormatError(format, "zip directory is cut short", { offset });
    const name = decoder.decode(bytes.subarray(offset + 46, offset + 46 + nameLength));
    if (entries.has(name))
      throw new FormatError(format, `two entries are named "${printable(name)}"`, { offset });
    entries.set(
      name,
      readEntry(bytes, view, { offset, name, extraStart: offset + 46 + nameLength, extraLength, format }),
    );
    offset = next;
  }
  refuseOverlaps(entries.values(), format);
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

function findDirectory(view: DataView, format: string) {
  // The end record is followed by a comment of up to 65535 bytes.
  for (let end = view.byteLength - 22; end >= Math.max(0, view.byteLength - 22 - 0xffff); end--) {
    if (view.getUint32(end, true) !== endSignature) continue;
    let count = view.getUint16(end + 10, true);
    let size = view.getUint32(end + 12, true);
    let directoryStart = view.getUint32(end + 16, true);
    if (count === 0xffff || size === 0xffffffff || directoryStart === 0xffffffff) {
      const record = find64Record(view, end);
      if (record === undefined) throw new FormatError(format, "Zip64 end record is missing", { offset: end });
      count = Number(view.getBigUint64(record + 32, true));
      size = Number(view.getBigUint64(record + 40, true));
      directoryStart = Number(view.getBigUint64(record + 48, true));
    }
    if (directoryStart + size > end || count * 46 > size) {
      throw new FormatError(format, "zip directory lies outside the file", { offset: end });
    }
    return { count, directoryStart, directoryEnd: directoryStart + size };
  }
  throw new FormatError(format, "not a zip archive, or cut short: its end record is missing");
}

function find64Record(view: DataView, end: number): number | undefined {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return undefined;
  const record = Number(view.getBigUint64(locator + 8, true));
  return record + 56 <= locator && view.getUint32(record, true) === end64Signature ? record : undefined;
}

interface CentralRecord {
  offset: number;
  name: string;
  extraStart: number;
  extraLength: number;
  format: string;
}

function readEntry(bytes: Uint8Array, view: DataView, record: CentralRecord): ZipEntry {
  const { offset, name, format } = record;
  const refuse = (fault: string): never => {
    throw new FormatError(format, `entry "${printable(name)}" ${fault}`, { offset });
  };
  const methodCode = view.getUint16(offset + 10, true);
  if (view.getUint16(offset + 8, true) & 1) return refuse("is encrypted");
  if (methodCode !== 0 && methodCode !== 8)
    return refuse(`is packed by method ${methodCode}, not stored or deflated`);
  const [size, packedSize, localStart] = readSizes(view, record);
  if (localStart + 30 > bytes.length || view.getUint32(localStart, true) !== localSignature) {
    return refuse("has no local header");
  }
  const start =
    localStart + 30 + view.getUint16(localStart + 26, true) + view.getUint16(localStart + 28, true);
  if (start + packedSize > bytes.length) return refuse("reaches beyond the file");
  if (methodCode === 0 && size !== packedSize) return refuse("is stored, but its two sizes differ");
  if (size > packedSize * maxDeflateRatio) return refuse(`cannot unfold ${packedSize} bytes into ${size}`);
  return {
    name,
    method: methodCode === 0 ? "stored" : "deflated",
    size,
    packed: bytes.subarray(start, start + packedSize),
  };
}

/** Size, packed size and start of the local header, from the Zip64 extra field where 32 bits were not enough. */
function readSizes(view: DataView, { offset, extraStart, extraLength, format }: CentralRecord) {
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
  throw new FormatError(format, "Zip64 sizes are missing", { offset });
}
