// TIFF files of every layout that is read, made here from known samples: strips and tiles of any size, interleaved
// and planar, both byte orders, each compression that can be written in a few lines, with and without differences.

import fc from "fast-check";
import { zlibSync } from "fflate";
import { expect, it } from "vitest";
import { buildTiff, type TiffTag } from "../testing/tiff.ts";
import { readTiff } from "./read-tiff.ts";

interface Layout {
  width: number;
  height: number;
  samples: number;
  bytesPerSample: 1 | 2;
  interleaved: boolean;
  littleEndian: boolean;
  /** Height of a strip, or both sides of a tile. */
  block: number;
  tiled: boolean;
  compression: 1 | 8 | 32773;
  predictor: 1 | 2;
}

const layouts: fc.Arbitrary<Layout> = fc.record({
  width: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 1, max: 20 }),
  samples: fc.integer({ min: 1, max: 4 }),
  bytesPerSample: fc.constantFrom(1 as const, 2 as const),
  interleaved: fc.boolean(),
  littleEndian: fc.boolean(),
  block: fc.integer({ min: 1, max: 24 }),
  tiled: fc.boolean(),
  compression: fc.constantFrom(1 as const, 8 as const, 32773 as const),
  predictor: fc.constantFrom(1 as const, 2 as const),
});

const valueAt = (sample: number, y: number, x: number) => (sample * 7919 + y * 263 + x * 17) & 0xffff;

function compress(bytes: Uint8Array, compression: number): Uint8Array {
  if (compression === 8) return zlibSync(bytes);
  return compression === 1 ? bytes : Uint8Array.from([...bytes].flatMap((byte) => [0, byte])); // runs of one
}

/** One block of `columns` x `rows` pixels; what lies outside the picture is filled up. */
function encodeBlock(
  layout: Layout,
  plane: number,
  top: number,
  left: number,
  columns: number,
  rows: number,
): Uint8Array {
  const { samples, interleaved, bytesPerSample, littleEndian, predictor, compression } = layout;
  const perPixel = interleaved ? samples : 1;
  const view = new DataView(new ArrayBuffer(rows * columns * perPixel * bytesPerSample));
  let offset = 0;
  for (let y = top; y < top + rows; y++) {
    for (let x = left; x < left + columns; x++) {
      for (let sample = 0; sample < perPixel; sample++) {
        const before = predictor === 2 && x > left ? valueAt(plane + sample, y, x - 1) : 0;
        const value = valueAt(plane + sample, y, x) - before;
        if (bytesPerSample === 1) view.setUint8(offset, value & 0xff);
        else view.setUint16(offset, value & 0xffff, littleEndian);
        offset += bytesPerSample;
      }
    }
  }
  return compress(new Uint8Array(view.buffer), compression);
}

function encodeTiff(layout: Layout): Uint8Array {
  const { width, height, samples, interleaved, block, tiled, bytesPerSample, littleEndian } = layout;
  const columns = tiled ? block : width;
  const blocks: Uint8Array[] = [];
  for (let plane = 0; plane < (interleaved ? 1 : samples); plane++) {
    for (let top = 0; top < height; top += block) {
      const rows = tiled ? block : Math.min(block, height - top);
      for (let left = 0; left < width; left += columns) {
        blocks.push(encodeBlock(layout, plane, top, left, columns, rows));
      }
    }
  }
  const counts = blocks.map((bytes) => bytes.length);
  const offsets = counts.map((_, index) => 8 + counts.slice(0, index).reduce((sum, count) => sum + count, 0));
  const place: Record<number, TiffTag> = tiled
    ? { 322: [3, [block]], 323: [3, [block]], 324: [4, offsets], 325: [4, counts] }
    : { 273: [4, offsets], 278: [3, [block]], 279: [4, counts] };
  const tags: Record<number, TiffTag> = {
    256: [3, [width]],
    257: [3, [height]],
    258: [3, Array(samples).fill(bytesPerSample * 8)],
    259: [3, [layout.compression]],
    277: [3, [samples]],
    284: [3, [interleaved ? 1 : 2]],
    317: [3, [layout.predictor]],
    ...place,
  };
  return buildTiff(Uint8Array.from(blocks.flatMap((bytes) => [...bytes])), tags, 0, littleEndian);
}

it("reads the same picture from every layout", () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      const { width, height, samples, bytesPerSample } = layout;
      const { planes } = readTiff(encodeTiff(layout));
      const expected = Array.from({ length: samples * height * width }, (_, i) =>
        valueAt(Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width),
      );
      expect(planes.dtype).toBe(bytesPerSample === 1 ? "uint8" : "uint16");
      expect(planes.shape).toEqual([samples, height, width]);
      expect(Array.from(planes.data as Uint16Array)).toEqual(
        bytesPerSample === 1 ? expected.map((value) => value & 0xff) : expected,
      );
    }),
    { numRuns: 300 },
  );
});
