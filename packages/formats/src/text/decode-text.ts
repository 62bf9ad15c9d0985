// The text of a file as people have it: UTF-8 or UTF-16, with or without a byte-order mark, packed with gzip or bgzip
// or not. Bytes that are neither are read as Windows-1252, which older programs write: every byte has its own
// character there, so that names stay apart. Files of another kind are refused by what they are.

import { gunzipBounded, isGzip } from "../archive/gzip.ts";
import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";

/** What to call a text and its format in messages. */
export interface DecodeTextOptions {
  /** Named in errors. */
  format: string;
  /** The file's name, for errors. */
  name: string;
  /** Bytes once unpacked; default and limit: what one string of V8 can hold. */
  maxBytes?: number;
}

const maxTextBytes = 2 ** 29 - 2 ** 10;

/** No text of sequences or numbers packs so well over more than 64 MB; a small file then cannot ask for gigabytes. */
const maxRatio = 100;

const otherKinds: readonly (readonly [signature: string, kind: string, hint: string])[] = [
  ["PK\x03\x04", "a zip archive or an Office document", "unpack it, or save it as plain text"],
  ["\x1f\x8b", "packed with gzip twice", "unpack it once"],
  ["BZh91AY", "packed with bzip2", "unpack it with bunzip2"],
  ["\xfd7zXZ", "packed with xz", "unpack it with unxz"],
  ["\x28\xb5\x2f\xfd", "packed with zstd", "unpack it with unzstd"],
  ["%PDF-", "a PDF", "save it as plain text"],
  ["{\\rtf", "a Rich Text document", "save it as plain text"],
  ["<!DOCTYPE", "a web page", "fetch the file itself"],
  ["<!doctype", "a web page", "fetch the file itself"],
  ["<html", "a web page", "fetch the file itself"],
  ["\xff\xfe\0\0", "UTF-32", "save it as UTF-8"],
  ["\0\0\xfe\xff", "UTF-32", "save it as UTF-8"],
];

/** The text, without a byte-order mark; text that is a string already is given back. Throws FormatError. */
export function decodeText(source: string | Uint8Array, options: DecodeTextOptions): string {
  if (typeof source === "string") return source.replace(/^\ufeff/, "");
  const { format, name, maxBytes = maxTextBytes } = options;
  const bytes = isGzip(source)
    ? gunzipBounded(source, {
        format,
        name,
        maxBytes: Math.min(maxBytes, 2 ** 26 + maxRatio * source.length),
      })
    : source;
  if (bytes.length > maxBytes) {
    const what = `${printable(name)} has ${bytes.length} bytes, above ${maxBytes}`;
    throw new FormatError(format, what, { hint: "split it" });
  }
  const start = String.fromCharCode(...bytes.subarray(0, 9));
  const other = otherKinds.find(([signature]) => start.startsWith(signature));
  if (other !== undefined) {
    throw new FormatError(format, `${printable(name)} is ${other[1]}, not text`, { hint: other[2] });
  }
  const encoding = utf16Encoding(bytes);
  if (encoding !== undefined) return new TextDecoder(encoding).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** By the byte-order mark, or by the zero beside the first character, which no other text of these formats has. */
function utf16Encoding([first, second]: Uint8Array): string | undefined {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  return undefined;
}
