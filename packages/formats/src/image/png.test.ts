import { crc32 } from "node:zlib";
import fc from "fast-check";
import { encode } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { type PngImage, readPng, writePng } from "./png.ts";

const ramp = Array.from({ length: 20 }, (_, i) => 16 * Math.floor(i / 5) + (i % 5));

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

interface Header {
  width: number;
  height: number;
  depth?: number;
  colorType?: number;
  interlace?: number;
}

function header({ width, height, depth = 8, colorType = 0, interlace = 0 }: Header): Uint8Array {
  const data = new Uint8Array(13);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  data.set([depth, colorType, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const end = chunk("IEND", new Uint8Array(0));
const samples = (bytes: readonly number[]) => chunk("IDAT", zlibSync(Uint8Array.from(bytes)));
const file = (...chunks: Uint8Array[]) => concatenateBytes([signature, ...chunks]);

/** The file with the checksum of every chunk made right again, so that damage reaches the decoder. */
function withRepairedChecksums(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 8; offset + 12 <= bytes.length; ) {
    const next = offset + 12 + view.getUint32(offset);
    if (next > bytes.length) break;
    view.setUint32(next - 4, crc32(bytes.subarray(offset + 4, next - 4)));
    offset = next;
  }
  return bytes;
}

describe("readPng", () => {
  it("reads 8-bit grey and its text", () => {
    const image = readPng(readFixture("grey8.png"));
    expect(image).toEqual({
      width: 5,
      height: 4,
      channels: 1,
      depth: 8,
      data: Uint8Array.from(ramp),
      text: { Title: "ramp" },
    });
  });

  it("reads 16-bit grey", () => {
    const image = readPng(readFixture("grey16.png"));
    expect(image).toMatchObject({
      depth: 16,
      channels: 1,
      data: Uint16Array.from(ramp, (value) => value * 700),
    });
  });

  it("spreads fewer bits over 0..255", () => {
    expect(readPng(readFixture("bilevel.png"))).toMatchObject({
      depth: 8,
      data: Uint8Array.from(ramp, (value) => 255 * (value % 2)),
    });
    const twoBits = file(
      header({ width: 5, height: 1, depth: 2 }),
      samples([0, 0b00011011, 0b11000000]),
      end,
    );
    expect(Array.from(readPng(twoBits).data)).toEqual([0, 85, 170, 255, 255]);
  });

  it("turns a palette into RGB", () => {
    const image = readPng(readFixture("palette.png"));
    expect([image.channels, image.depth]).toEqual([3, 8]);
    expect(Array.from(image.data)).toEqual(
      ramp.flatMap((value) => [0, 1, 2].map((c) => 10 + 30 * (value % 3) + 10 * c)),
    );
  });

  it("reads RGBA, and passes over a colour profile", () => {
    const image = readPng(readFixture("rgba8.png"));
    expect(Array.from(image.data)).toEqual(ramp.flatMap((value) => [value, 255 - value, value >> 1, 200]));
  });

  it("reads an interlaced picture", () => {
    const data = Uint16Array.from({ length: 9 * 7 }, (_, i) => i * 1000);
    const bytes = encode({ width: 9, height: 7, channels: 1, depth: 16, data }, { interlace: "Adam7" });
    expect(readPng(bytes).data).toEqual(data);
  });

  it("reads samples that are spread over several chunks", () => {
    const compressed = zlibSync(Uint8Array.of(0, 1, 2));
    const parts = [chunk("IDAT", compressed.subarray(0, 3)), chunk("IDAT", compressed.subarray(3))];
    expect(Array.from(readPng(file(header({ width: 2, height: 1 }), ...parts, end)).data)).toEqual([1, 2]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", Uint8Array.of(0x89, 0x50, 0x4e), /does not begin with PNG's signature/],
    ["a signature alone", signature, /cut short/],
    ["a file cut in a chunk", readFixture("grey8.png").subarray(0, 50), /reaches beyond the file/],
    ["a file without its end", file(header({ width: 1, height: 1 }), samples([0, 1])), /cut short/],
    ["a file without a header", file(samples([0, 1]), end), /header chunk is not first/],
    [
      "two headers",
      file(header({ width: 1, height: 1 }), header({ width: 9, height: 9 }), end),
      /not the only one/,
    ],
    ["a file without samples", file(header({ width: 1, height: 1 }), end), /0 bytes cannot hold 2/],
    ["too few samples", file(header({ width: 2, height: 2 }), samples([0, 1, 2]), end), /holds 3 of 6 bytes/],
    [
      "too many samples",
      file(header({ width: 1, height: 1 }), samples(Array(99).fill(0)), end),
      /beyond 2 bytes/,
    ],
    ["an unknown filter", file(header({ width: 1, height: 1 }), samples([9, 1]), end), /Unsupported filter/],
    ["no pixels", file(header({ width: 0, height: 1 }), samples([0]), end), /is empty/],
    [
      "too many pixels",
      file(header({ width: 20_000, height: 20_000 }), samples([0]), end),
      /are too many.*crop it/,
    ],
    [
      "too many bytes",
      file(header({ width: 9000, height: 9000, depth: 16, colorType: 6 }), samples([0]), end),
      /4 x 16 bits are too many/,
    ],
    [
      "a size that its bytes cannot hold",
      file(header({ width: 9000, height: 9000 }), samples([0]), end),
      /cannot hold/,
    ],
    [
      "an unknown colour type",
      file(header({ width: 1, height: 1, colorType: 5 }), samples([0, 1]), end),
      /unknown/,
    ],
    [
      "an odd depth",
      file(header({ width: 1, height: 1, depth: 3 }), samples([0, 1]), end),
      /3 bits is unknown/,
    ],
    [
      "interlaced bits",
      file(header({ width: 1, height: 1, depth: 1, interlace: 1 }), samples([0, 1]), end),
      /without interlacing/,
    ],
    [
      "a palette picture without a palette",
      file(header({ width: 1, height: 1, colorType: 3 }), samples([0, 1]), end),
      /palette is damaged/,
    ],
    ["a wrong checksum", readFixture("grey8.png").with(-1, 0), /CRC mismatch/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readPng(bytes)).toThrow(FormatError);
    expect(() => readPng(bytes)).toThrow(message);
  });

  it.each(["grey8.png", "grey16.png", "palette.png", "bilevel.png", "rgba8.png"])(
    "reads or refuses each of 1000 damaged copies of %s",
    async (name) => {
      const outcome = await readMutated(readFixture(name), 1000, (damaged) => {
        const image = readPng(withRepairedChecksums(damaged));
        expect(image.data.length).toBe(image.width * image.height * image.channels);
      });
      expect(outcome.read).toBeGreaterThan(20);
      expect(outcome.refused).toBeGreaterThan(200);
    },
  );
});

describe("writePng", () => {
  it("writes what readPng reads back, with its text", () => {
    const images = fc
      .record({
        width: fc.integer({ min: 1, max: 9 }),
        height: fc.integer({ min: 1, max: 9 }),
        channels: fc.constantFrom(1, 2, 3, 4),
        depth: fc.constantFrom(8 as const, 16 as const),
        seed: fc.nat(),
      })
      .map(({ width, height, channels, depth, seed }): PngImage => {
        const value = (_: unknown, i: number) => (seed + i * 7919) % 2 ** depth;
        const length = { length: width * height * channels };
        const data = depth === 8 ? Uint8Array.from(length, value) : Uint16Array.from(length, value);
        return {
          width,
          height,
          channels,
          depth,
          data,
          text: { synthetic: "true", Comment: `seed ${seed} \u00b5m` },
        };
      });
    fc.assert(
      fc.property(images, (image) => {
        expect(readPng(writePng(image))).toEqual(image);
      }),
    );
  });

  it.each<[string, Parameters<typeof writePng>[0], RegExp]>([
    [
      "samples of another size",
      { width: 1, height: 1, channels: 1, depth: 16, data: Uint8Array.of(1) },
      /not in a Uint16Array/,
    ],
    [
      "samples of another count",
      { width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1) },
      /wrong data size/,
    ],
    [
      "text beyond Latin-1",
      { width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(1), text: { Comment: "\u03bb" } },
      /invalid latin1 text/,
    ],
  ])("refuses %s", (_, image, message) => {
    expect(() => writePng(image)).toThrow(FormatError);
    expect(() => writePng(image)).toThrow(message);
  });
});
