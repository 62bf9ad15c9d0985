import { describe, expect, it } from "vitest";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readFixture } from "../testing/fixture.ts";
import { buildTiff, type TiffTag } from "../testing/tiff.ts";
import {
  isTiff,
  openTiffFile,
  readTiffDirectory,
  readTiffIntegers,
  readTiffNumber,
  readTiffText,
} from "./directory.ts";

const tags = {
  256: [3, [640]] as [number, number[]],
  270: [2, "a longer text\0\0"] as [number, string],
  273: [4, [1, 2, 3]] as [number, number[]],
  282: [5, [300, 4], 1] as [number, number[], number],
};

describe("isTiff", () => {
  it("knows both byte orders and BigTIFF", () => {
    expect(isTiff(readFixture("grey8.tif"))).toBe(true);
    expect(isTiff(readFixture("big-endian-strips.tif"))).toBe(true);
    expect(isTiff(readFixture("bigtiff.tif"))).toBe(true);
    expect(isTiff(Uint8Array.of(0x49, 0x49, 42))).toBe(false);
    expect(isTiff(readFixture("grey8.png"))).toBe(false);
  });
});

/** The file and its first directory. */
function open(bytes: Uint8Array) {
  const file = openTiffFile(bytes);
  return { file, directory: readTiffDirectory(file, file.pageOffsets[0]!) };
}

describe("openTiffFile", () => {
  it("finds all pages", () => {
    expect(openTiffFile(readFixture("imagej.tif")).pageOffsets).toHaveLength(3);
    expect(openTiffFile(readFixture("thumbnail.tif")).pageOffsets).toHaveLength(2);
  });

  it("refuses a damaged BigTIFF header", () => {
    const bytes = new Uint8Array(readFixture("bigtiff.tif")).with(4, 4);
    expect(() => openTiffFile(bytes)).toThrow(/BigTIFF header is damaged/);
  });

  it("refuses a count of entries beyond the file", () => {
    const bytes = buildTiff(Uint8Array.of(0), tags).with(10, 0xff);
    expect(() => openTiffFile(bytes)).toThrow(/a page is cut short \(byte 9\)/);
  });

  it("refuses pages that share their bytes, and does so at once", () => {
    // Every directory has 500 entries, of which all but the first two bytes are the next directory's.
    const bytes = new Uint8Array(40_000);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
    for (let at = 8; at < 30_000; at += 16) {
      view.setUint16(at, 500, true);
      view.setUint32(at + 2 + 500 * 12, at + 16, true);
    }
    const start = cpuTimeMs();
    expect(() => openTiffFile(bytes)).toThrow(/its pages overlap/);
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });
});

describe("a directory", () => {
  it.each([true, false])("gives numbers, ratios and text, little-endian %s", (littleEndian) => {
    const { file, directory } = open(buildTiff(Uint8Array.of(0), tags, 0, littleEndian));
    expect(readTiffIntegers(file, directory, 256)).toEqual([640]);
    expect(readTiffIntegers(file, directory, 273, 3)).toEqual([1, 2, 3]);
    expect(readTiffIntegers(file, directory, 273, 2)).toEqual([1, 2]);
    expect(readTiffNumber(file, directory, 282)).toBe(75);
    expect(readTiffText(file, directory, 270)).toBe("a longer text");
    const absent = [readTiffIntegers, readTiffNumber, readTiffText].map((read) => read(file, directory, 999));
    expect(absent).toEqual([undefined, undefined, undefined]);
  });

  it("takes the first of two tags of one code", () => {
    const bytes = buildTiff(Uint8Array.of(0), { 270: [2, "one"], 305: [2, "two"] });
    new DataView(bytes.buffer, bytes.byteOffset).setUint16(9 + 2 + 12, 270, true);
    const { file, directory } = open(bytes);
    expect(readTiffText(file, directory, 270)).toBe("one");
  });

  it.each<[string, TiffTag, number | undefined]>([
    ["a short", [3, [300]], 300],
    ["a ratio", [5, [5, 2], 1], 2.5],
    ["a ratio over zero", [5, [1, 0], 1], Number.POSITIVE_INFINITY],
    ["a float", [11, [0x40200000]], 2.5],
    ["a negative number", [9, [0xffffffff]], -1],
    ["text", [2, "cm"], undefined],
    ["an unknown type", [99, [1]], undefined],
    ["nothing", [3, [], 0], undefined],
    ["a place outside the file", [12, [1e6]], undefined],
  ])("gives the number of an optional tag that holds %s", (_, tag, expected) => {
    const { file, directory } = open(buildTiff(Uint8Array.of(0), { 282: tag }));
    expect(readTiffNumber(file, directory, 282)).toBe(expected);
  });

  it.each<[string, TiffTag]>([
    ["a ratio", [5, [3, 2], 1]],
    ["a negative number", [9, [0xffffffff]]],
    ["text", [2, "abc"]],
  ])("refuses %s where a whole number is needed", (_, tag) => {
    const { file, directory } = open(buildTiff(Uint8Array.of(0), { 256: tag }));
    expect(() => readTiffIntegers(file, directory, 256)).toThrow(/tag 256 holds no whole number/);
  });

  it("reads text that is not UTF-8 as Windows wrote it, and passes over what is no text", () => {
    const latin = buildTiff(Uint8Array.of(0), { 270: [2, "0.2 \xb5m"] });
    const numbers = buildTiff(Uint8Array.of(0), { 270: [3, [1, 2, 3]] });
    const textOf = ({ file, directory }: ReturnType<typeof open>) => readTiffText(file, directory, 270);
    expect(textOf(open(latin))).toBe("0.2 \u00b5m");
    expect(textOf(open(numbers))).toBeUndefined();
  });
});
