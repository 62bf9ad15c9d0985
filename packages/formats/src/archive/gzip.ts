// gzip (RFC 1952) with a bound, as inflate.ts has it for deflate: one member or many, as `cat a.gz b.gz` and bgzip
// write them. Unlike fflate, which decodes, this file holds every member to its checksum and length: a FASTA file
// that was cut off while it was copied would otherwise be read as a shorter one.

import { Gunzip } from "fflate";
import { concatenateBytes } from "../bytes.ts";
import { FormatError, refuseOnThrow } from "../errors.ts";
import { printable } from "../printable.ts";

export interface GunzipOptions {
  /** The reader and the file, named in errors. */
  format: string;
  name: string;
  /** More than this is refused before it is unpacked. */
  maxBytes: number;
}

/** bgzip writes one for every 64 kB; each costs a window of memory for a moment, even when it is empty. */
const maxMembers = 30_000;

const stepBytes = 4096;
const trailerBytes = 8;

/** True for bytes that begin as a gzip member does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks all members of a gzip file, joined. Throws FormatError when one is damaged or all are too large. */
export function gunzipBounded(compressed: Uint8Array, options: GunzipOptions): Uint8Array {
  const { format, name, maxBytes } = options;
  const place = printable(name);
  const view = new DataView(compressed.buffer, compressed.byteOffset, compressed.length);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let members = 1;
  let memberLength = 0;
  let checksum = 0;
  const endMember = (end: number): void => {
    const trailer = end - trailerBytes;
    const isWhole =
      trailer >= 0 &&
      view.getUint32(trailer, true) === checksum &&
      view.getUint32(trailer + 4, true) === memberLength % 2 ** 32;
    if (!isWhole) {
      const hint = "the file is cut short or damaged: copy or fetch it again";
      throw new FormatError(format, `${place}: gzip data does not match its checksum`, { offset: end, hint });
    }
    memberLength = 0;
    checksum = 0;
  };
  const stream = new Gunzip((chunk) => {
    length += chunk.length;
    memberLength += chunk.length;
    if (length > maxBytes) {
      const hint = "unpack and split it";
      throw new FormatError(format, `${place}: gzip data expands beyond ${maxBytes} bytes`, { hint });
    }
    checksum = crc32(chunk, checksum);
    if (chunk.length > 0) chunks.push(chunk);
  });
  stream.onmember = (start) => {
    if (++members > maxMembers)
      throw new FormatError(format, `${place}: gzip data of more than ${maxMembers} members`, {
        hint: "unpack it first",
      });
    endMember(start);
  };
  refuseOnThrow(format, `${place}: gzip data is damaged`, () => {
    for (let start = 0; start < compressed.length; start += stepBytes) {
      stream.push(compressed.subarray(start, start + stepBytes), start + stepBytes >= compressed.length);
    }
  });
  endMember(compressed.length);
  return concatenateBytes(chunks);
}

let crcTable: Uint32Array | undefined;

/** CRC-32 of the bytes before, whose own is `checksum`, and of these. */
function crc32(bytes: Uint8Array, checksum: number): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let value = ~checksum;
  for (let i = 0; i < bytes.length; i++) value = (value >>> 8) ^ crcTable[(value ^ bytes[i]!) & 0xff]!;
  return ~value >>> 0;
}
