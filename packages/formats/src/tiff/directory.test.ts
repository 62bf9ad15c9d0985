import { describe, expect, it } from "vitest";
import { readFixture } from "../testing/fixture.ts";
import { buildTiff } from "../testing/tiff.ts";
import { isTiff, readTiffDirectories, readTiffIntegers, readTiffRatio, readTiffText } from "./directory.ts";

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

describe("readTiffDirectories", () => {
  it.each([true, false])("reads numbers, ratios and text, little-endian %s", (littleEndian) => {
    const file = readTiffDirectories(buildTiff(Uint8Array.of(0), tags, 0, littleEndian));
    const [directory] = file.directories as [(typeof file.directories)[number]];
    expect(file.directories).toHaveLength(1);
    expect(readTiffIntegers(file, directory, 256)).toEqual([640]);
    expect(readTiffIntegers(file, directory, 273, 3)).toEqual([1, 2, 3]);
    expect(readTiffRatio(file, directory, 282)).toBe(75);
    expect(readTiffText(file, directory, 270)).toBe("a longer text");
    expect([readTiffIntegers, readTiffRatio, readTiffText].map((read) => read(file, directory, 999))).toEqual(
      [undefined, undefined, undefined],
    );
  });

  it("finds all pages", () => {
    expect(readTiffDirectories(readFixture("imagej.tif")).directories).toHaveLength(3);
    expect(readTiffDirectories(readFixture("thumbnail.tif")).directories).toHaveLength(2);
  });

  it("refuses more values than were asked for", () => {
    const file = readTiffDirectories(buildTiff(Uint8Array.of(0), tags));
    expect(() => readTiffIntegers(file, file.directories[0]!, 273, 2)).toThrow(
      /tag 273 has 3 values, not 1 to 2/,
    );
  });

  it("refuses a damaged BigTIFF header", () => {
    const bytes = new Uint8Array(readFixture("bigtiff.tif")).with(4, 4);
    expect(() => readTiffDirectories(bytes)).toThrow(/BigTIFF header is damaged/);
  });

  it("refuses a count of entries beyond the file", () => {
    const bytes = buildTiff(Uint8Array.of(0), tags).with(10, 0xff);
    expect(() => readTiffDirectories(bytes)).toThrow(/a page is cut short \(byte 9\)/);
  });
});
