import fc from "fast-check";
import { fromArrayBuffer } from "geotiff";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { type DType, elementCount, toFloat32 } from "../nd-array.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { buildTiff, type TiffTag } from "../testing/tiff.ts";
import { readTiff } from "./read-tiff.ts";

/** The ramp of fixtures/make_tiff.py: 1000 * channel + 40 * y + x. */
function ramp(channels: number, change: (value: number) => number = (value) => value): number[] {
  return Array.from({ length: channels * 960 }, (_, i) => change(1000 * Math.floor(i / 960) + (i % 960)));
}

/** A page of 2 x 2 bytes 1, 2, 3, 4 at byte 8, with some tags changed or (undefined) left out. */
function smallTiff(changes: Record<number, TiffTag | undefined> = {}, next?: number): Uint8Array {
  const tags: Record<number, TiffTag | undefined> = {
    256: [3, [2]],
    257: [3, [2]],
    258: [3, [8]],
    259: [3, [1]],
    262: [3, [1]],
    273: [4, [8]],
    278: [3, [2]],
    279: [4, [4]],
    ...changes,
  };
  return buildTiff(Uint8Array.of(1, 2, 3, 4), tags, next);
}

describe("readTiff", () => {
  it.each<[string, DType, number[], number[]]>([
    ["grey8.tif", "uint8", [1, 24, 40], ramp(1, (value) => value % 256)],
    ["big-endian-strips.tif", "uint16", [1, 24, 40], ramp(1)],
    ["big-endian-predicted.tif", "uint16", [1, 24, 40], ramp(1)],
    ["float-predicted.tif", "float32", [1, 24, 40], ramp(1, (value) => value / 8)],
    ["float-predicted-big-endian.tif", "float32", [1, 24, 40], ramp(1, (value) => value / 8)],
    ["tiles.tif", "uint16", [1, 24, 40], ramp(1)],
    ["rgb-interleaved.tif", "uint16", [3, 24, 40], ramp(3)],
    ["rgb-planar.tif", "uint16", [3, 24, 40], ramp(3)],
    ["bigtiff.tif", "uint16", [3, 24, 40], ramp(3)],
    ["packbits.tif", "uint8", [1, 24, 40], ramp(1, (value) => Math.floor(value / 300))],
    ["lzw.tif", "uint16", [1, 24, 40], ramp(1)],
    ["imagej.tif", "uint16", [3, 24, 40], ramp(3)],
    ["tifffile.ome.tif", "uint16", [3, 24, 40], ramp(3)],
    ["thumbnail.tif", "uint16", [1, 24, 40], ramp(1)],
  ])("reads %s", (name, dtype, shape, values) => {
    const { planes, width, height } = readTiff(readFixture(name));
    expect([planes.dtype, planes.shape, width, height]).toEqual([dtype, shape, 40, 24]);
    expect(Array.from(toFloat32(planes))).toEqual(values);
  });

  it("reads LZW data that fills its table several times", () => {
    const noise = readFixture("lzw-long.bin");
    const { planes } = readTiff(readFixture("lzw-long.tif"));
    expect(planes.shape).toEqual([1, 24, 1200]);
    const expected = Uint8Array.from(
      { length: 24 * 1200 },
      (_, i) => noise[Math.floor(i / 1200) * 400 + (i % 400)]!,
    );
    expect(planes.data).toEqual(expected);
  });

  it("agrees with geotiff on a little-endian file", async () => {
    const bytes = new Uint8Array(readFixture("tiles.tif"));
    const image = await (await fromArrayBuffer(bytes.buffer)).getImage();
    const [plane] = (await image.readRasters({ interleave: false })) as unknown as [Uint16Array];
    expect(readTiff(bytes).planes.data).toEqual(new Uint16Array(plane));
  });

  it.each<[string, number | undefined]>([
    ["imagej.tif", 0.2],
    ["tifffile.ome.tif", 0.208],
    ["resolution-cm.tif", 0.2],
    ["resolution-dpi.tif", undefined],
    ["grey8.tif", undefined],
  ])("reads the pixel size of %s", (name, expected) => {
    const { pixelSizeMicrons } = readTiff(readFixture(name));
    if (expected === undefined) expect(pixelSizeMicrons).toBeUndefined();
    else expect(pixelSizeMicrons).toBeCloseTo(expected, 6);
  });

  it("gives the description of the first page", () => {
    expect(readTiff(readFixture("tifffile.ome.tif")).description).toContain("<OME");
    expect(readTiff(readFixture("grey8.tif"))).not.toHaveProperty("description");
  });

  it("reads any sample of any width in either byte order", () => {
    const kinds: [number, number, DType][] = [
      [1, 8, "uint8"],
      [1, 16, "uint16"],
      [1, 32, "uint32"],
      [2, 8, "int8"],
      [2, 16, "int16"],
      [2, 32, "int32"],
      [3, 32, "float32"],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.boolean(),
        fc.integer({ min: -100, max: 100 }),
        (kind, littleEndian, seed) => {
          const [format, bits, dtype] = kind;
          const value = dtype.startsWith("u") ? Math.abs(seed) : dtype === "float32" ? seed / 4 : seed;
          const pixel = new DataView(new ArrayBuffer(bits / 8));
          if (dtype === "float32") pixel.setFloat32(0, value, littleEndian);
          else if (bits === 8) pixel.setUint8(0, value);
          else if (bits === 16) pixel.setUint16(0, value, littleEndian);
          else pixel.setUint32(0, value, littleEndian);
          const tags: Record<number, TiffTag> = {
            ...{
              256: [3, [1]],
              257: [3, [1]],
              258: [3, [bits]],
              273: [4, [8]],
              279: [4, [bits / 8]],
              339: [3, [format]],
            },
          };
          const { planes } = readTiff(buildTiff(new Uint8Array(pixel.buffer), tags, 0, littleEndian));
          expect([planes.dtype, Number(planes.data[0])]).toEqual([dtype, value]);
        },
      ),
    );
  });

  it("reads the smallest file", () => {
    expect(Array.from(readTiff(smallTiff()).planes.data as Uint8Array)).toEqual([1, 2, 3, 4]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", Uint8Array.of(0x49, 0x49, 42), /magic bytes, or is cut short/],
    ["a header alone", Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0), /a page lies outside the file/],
    ["a file without a page", Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0), /has no page/],
    ["a chain in a circle", smallTiff({}, 12), /runs in a circle/],
    ["a next page outside the file", smallTiff({}, 1_000_000), /outside the file/],
    ["no width", smallTiff({ 256: undefined }), /lacks the tag 256/],
    ["no pixels", smallTiff({ 257: [3, [0]] }), /is empty/],
    ["too many pixels", smallTiff({ 256: [4, [20_000]], 257: [4, [20_000]] }), /too many; crop it/],
    [
      "a size that the file cannot hold",
      smallTiff({ 256: [3, [9000]], 257: [3, [9000]], 278: [3, [9000]] }),
      /4 bytes cannot hold a strip or tile/,
    ],
    [
      "20 bits per sample",
      smallTiff({ 258: [3, [20]] }),
      /unsigned samples of 20 bits.*save it as plain 8- or 16/,
    ],
    ["no bits per sample", smallTiff({ 258: [3, [0]] }), /unsigned samples of 0 bits/],
    ["JPEG", readFixture("jpeg.tif"), /JPEG compression is not read/],
    ["an unknown compression", smallTiff({ 259: [3, [9999]] }), /compression 9999 is not read/],
    [
      "zstd, which has to be loaded",
      smallTiff({ 259: [3, [50000]] }),
      /zstd compression is read by openImage alone/,
    ],
    ["YCbCr colours", smallTiff({ 262: [3, [6]] }), /YCbCr/],
    ["an unknown predictor", smallTiff({ 317: [3, [9]] }), /predictor 9/],
    ["float prediction of integers", smallTiff({ 317: [3, [3]] }), /predictor 3 for 8-bit uint8/],
    ["no strips", smallTiff({ 273: undefined }), /has 0 offsets and 1 lengths for 1/],
    ["a strip outside the file", smallTiff({ 273: [4, [1_000_000]] }), /lies outside the file/],
    ["a strip that is too short", smallTiff({ 279: [4, [3]] }), /3 bytes cannot hold/],
    ["a tag whose values lie outside", smallTiff({ 270: [2, "x", 1_000_000] }), /tag 270 lies outside/],
    ["a tag of an unknown type", smallTiff({ 256: [99, [2]] }), /tag 256 has the unknown type 99/],
    ["a fractional width", smallTiff({ 256: [5, [3, 2], 1] }), /tag 256 holds no whole number/],
    ["text for a number", smallTiff({ 256: [2, "abc"] }), /tag 256 holds/],
    ["65 samples a pixel", smallTiff({ 277: [3, [65]] }), /65 samples/],
    [
      "huge tiles",
      smallTiff({ 322: [4, [60_000]], 323: [4, [60_000]], 324: [4, [8]], 325: [4, [4]] }),
      /tiles are too/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readTiff(bytes)).toThrow(FormatError);
    expect(() => readTiff(bytes)).toThrow(message);
  });

  it("refuses pages of different sizes", () => {
    const two = new Uint8Array([...smallTiff({}, 12 + 102), ...Array(200).fill(0)]);
    const second = smallTiff({ 256: [3, [4]], 257: [3, [1]] }).subarray(12);
    two.set(second, 12 + 102);
    expect(() => readTiff(two)).toThrow(/differ in size or sample type; save one channel per page/);
  });

  it("refuses pages that share one long list of strips, at once", () => {
    const rows = 20_000;
    const list = Array.from({ length: rows }, () => 8);
    const plane = new Uint16Array(rows);
    const tags: Record<number, TiffTag> = { 278: [3, [1]], 273: [4, list], 279: [4, list.map(() => 2)] };
    const once = buildTiff(new Uint8Array(plane.buffer), {
      ...tags,
      256: [3, [1]],
      257: [3, [rows]],
      258: [3, [16]],
    });
    // 2000 more pages, each a copy of the first's directory, whose lists stay where they are.
    const start = 8 + 2 * rows;
    const directory = once.subarray(start, start + 2 + 6 * 12 + 4);
    const bytes = new Uint8Array(once.length + 2000 * directory.length);
    bytes.set(once);
    const view = new DataView(bytes.buffer);
    view.setUint32(start + 2 + 6 * 12, once.length, true);
    for (let page = 0; page < 2000; page++) {
      const at = once.length + page * directory.length;
      bytes.set(directory, at);
      view.setUint32(at + 2 + 6 * 12, page === 1999 ? 0 : at + directory.length, true);
    }
    const before = cpuTimeMs();
    expect(() => readTiff(bytes)).toThrow(/its pages share their strips/);
    expect(cpuTimeMs() - before).toBeLessThan(1000);
  });

  it("reads a description of many zeros at once", () => {
    const start = cpuTimeMs();
    expect(readTiff(smallTiff({ 270: [2, `${"\0".repeat(200_000)}x`] })).description).toHaveLength(200_001);
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });

  it.each([
    "big-endian-strips.tif",
    "float-predicted.tif",
    "tiles.tif",
    "rgb-planar.tif",
    "packbits.tif",
    "lzw.tif",
    "imagej.tif",
    "bigtiff.tif",
  ])("reads or refuses each of 500 damaged copies of %s", async (name) => {
    const outcome = await readMutated(readFixture(name), 500, (damaged) => {
      const { planes } = readTiff(damaged);
      expect(planes.data.length).toBe(elementCount(planes.shape));
    });
    expect(outcome.read + outcome.refused).toBe(500);
    expect(outcome.read).toBeGreaterThan(10);
    expect(outcome.refused).toBeGreaterThan(10);
  });
});
