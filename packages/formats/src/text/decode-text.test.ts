import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { decodeText } from "./decode-text.ts";

const options = { format: "fasta", name: "a.fasta" };
const decode = (source: string | Uint8Array) => decodeText(source, options);
const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16le = (text: string) => new Uint8Array(Buffer.from(text, "utf16le"));
const utf16be = (text: string) => new Uint8Array(Buffer.from(text, "utf16le").swap16());

describe("decodeText", () => {
  it("reads back any text in each encoding, packed or not", () => {
    // Without a first character that is a mark, or a sign of another encoding.
    const texts = fc.string({ unit: "grapheme", maxLength: 100 }).map((text) => `>${text}`);
    fc.assert(
      fc.property(texts, (text) => {
        for (const bytes of [
          utf8(text),
          utf8(`\ufeff${text}`),
          utf16le(`\ufeff${text}`),
          utf16be(`\ufeff${text}`),
          utf16le(text),
          utf16be(text),
        ]) {
          expect(decode(bytes)).toBe(text);
          expect(decode(gzipSync(bytes))).toBe(text);
        }
        expect(decode(`\ufeff${text}`)).toBe(text);
      }),
    );
  });

  it("keeps names apart whose bytes are no UTF-8", () => {
    expect(decode(latin1(">caf\xe9\nMK\n>caf\xe8\nMK\n"))).toBe(">caf\u00e9\nMK\n>caf\u00e8\nMK\n");
  });

  it("gives nothing for a file of nothing, packed or not", () => {
    expect(decode(new Uint8Array(0))).toBe("");
    expect(decode(gzipSync(""))).toBe("");
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      "a zip archive",
      latin1("PK\x03\x04aaaaaa"),
      /a\.fasta is a zip archive or an Office document, not text/,
    ],
    ["bzip2", latin1("BZh91AY&SY"), /packed with bzip2, not text; unpack it with bunzip2/],
    ["xz", latin1("\xfd7zXZ\0\0\x04\xe6"), /packed with xz/],
    ["zstd", latin1("\x28\xb5\x2f\xfd\x04"), /packed with zstd/],
    ["a PDF", latin1("%PDF-1.7\n"), /is a PDF, not text; save it as plain text/],
    ["Rich Text", latin1("{\\rtf1\\ansi"), /a Rich Text document/],
    ["a web page", latin1("<!DOCTYPE html><html>"), /a web page, not text; fetch the file itself/],
    ["UTF-32", latin1("\xff\xfe\0\0>\0\0\0"), /UTF-32, not text; save it as UTF-8/],
    ["what was packed twice", gzipSync(gzipSync(">a")), /packed with gzip twice, not text; unpack it once/],
    ["a zip archive inside gzip", gzipSync("PK\x03\x04aaaaaa"), /a zip archive/],
  ])("refuses %s by name", (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(FormatError);
    expect(() => decode(bytes)).toThrow(message);
  });

  it("reads text that begins like another kind of file and is none", () => {
    for (const text of ["BZh,gene\n", "PK\n", "%PDF\n", "{}", "<x>"]) expect(decode(latin1(text))).toBe(text);
  });

  it("refuses more than its bound, packed or not", () => {
    const decodeBounded = (bytes: Uint8Array) => decodeText(bytes, { ...options, maxBytes: 1000 });
    expect(decodeBounded(new Uint8Array(1000).fill(65))).toHaveLength(1000);
    expect(() => decodeBounded(new Uint8Array(1001).fill(65))).toThrow(
      /a\.fasta has 1001 bytes, above 1000; split/,
    );
    expect(() => decodeBounded(gzipSync(new Uint8Array(5000).fill(65)))).toThrow(/expands beyond 1000 bytes/);
    const half = gzipSync(new Uint8Array(501).fill(65));
    expect(() => decodeBounded(concatenateBytes([half, half]))).toThrow(/expands beyond 1000 bytes/);
  });
});
