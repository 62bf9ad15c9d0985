import fc from "fast-check";
import { zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { readMutated } from "../testing/mutate.ts";
import { type BlockLayout, unpackBlock } from "./blocks.ts";

const plain: BlockLayout = {
  compression: 1,
  predictor: 1,
  littleEndian: true,
  lowBitFirst: false,
  bitsPerSample: 8,
  rowSamples: 1,
  pixelSamples: 1,
  rows: 1,
  maxRows: 1,
};

/** One block of `size` single bytes. */
const bytesLayout = (size: number, compression: number): BlockLayout => ({
  ...plain,
  compression,
  rowSamples: size,
});

/** Packs codes of 9 bits, most significant bit first. */
function packCodes(codes: readonly number[]): Uint8Array {
  const bits = codes.map((code) => code.toString(2).padStart(9, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

/** Packs literal runs and repeats as PackBits. */
function packBits(bytes: Uint8Array): Uint8Array {
  const packed: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    let run = 1;
    while (run < 128 && bytes[i + run] === bytes[i]) run++;
    if (run > 1) packed.push(257 - run, bytes[i]!);
    else packed.push(0, bytes[i]!);
    i += run;
  }
  return Uint8Array.from(packed);
}

describe("unpackBlock", () => {
  it("reads the LZW example of the TIFF 6.0 specification", () => {
    const packed = packCodes([256, 7, 258, 8, 8, 258, 6, 6, 257]);
    expect(Array.from(unpackBlock(packed, bytesLayout(9, 5)))).toEqual([7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });

  it("reads an LZW code that stands for the entry being made", () => {
    expect(Array.from(unpackBlock(packCodes([256, 65, 258, 259, 257]), bytesLayout(6, 5)))).toEqual(
      Array(6).fill(65),
    );
  });

  it.each<[string, number[]]>([
    ["a code that is not in the table", [256, 65, 300]],
    ["a table code right after a clear", [256, 258]],
    ["an end before the block is full", [256, 65, 257]],
    ["a clear alone", [256]],
  ])("refuses LZW data with %s", (_, codes) => {
    expect(() => unpackBlock(packCodes(codes), bytesLayout(4, 5))).toThrow(FormatError);
  });

  it("stops reading LZW data where the block is full", () => {
    const packed = packCodes([256, 65, ...Array.from({ length: 200 }, (_, i) => 258 + i)]);
    expect(Array.from(unpackBlock(packed, bytesLayout(100, 5)))).toEqual(Array(100).fill(65));
  });

  it("reads any PackBits data, and passes over its empty code", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 400 }), (values) => {
        const bytes = Uint8Array.from(values);
        expect(unpackBlock(packBits(bytes), bytesLayout(bytes.length, 32773))).toEqual(bytes);
      }),
    );
    expect(Array.from(unpackBlock(Uint8Array.of(128, 1, 5, 6), bytesLayout(2, 32773)))).toEqual([5, 6]);
  });

  it.each([1, 5, 8, 32773])("refuses a block that is too short, compression %i", (compression) => {
    const packed = compression === 8 ? zlibSync(Uint8Array.of(1)) : Uint8Array.of(0, 1);
    expect(() => unpackBlock(packed, bytesLayout(50, compression))).toThrow(FormatError);
  });

  it("lets a deflated strip be filled up, but not overflow", () => {
    const packed = zlibSync(Uint8Array.of(1, 2, 3, 4));
    const layout = { ...bytesLayout(2, 8), maxRows: 2 };
    expect(Array.from(unpackBlock(packed, layout)).slice(0, 2)).toEqual([1, 2]);
    expect(() => unpackBlock(packed, { ...layout, maxRows: 1 })).toThrow(/expands beyond 2 bytes/);
  });

  it("undoes differences between pixels in the file's byte order", () => {
    const layout: BlockLayout = {
      ...plain,
      predictor: 2,
      littleEndian: false,
      bitsPerSample: 16,
      rowSamples: 3,
    };
    const packed = Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0x00, 0x01); // 256, +255, +1
    const block = unpackBlock(packed, layout);
    expect(Array.from(new Uint16Array(block.buffer))).toEqual([256, 511, 512]);
  });

  it("takes differences between pixels, not between the samples of one", () => {
    const layout: BlockLayout = {
      ...plain,
      predictor: 2,
      rowSamples: 4,
      pixelSamples: 2,
      rows: 2,
      maxRows: 2,
    };
    const block = unpackBlock(Uint8Array.of(1, 100, 1, 100, 5, 6, 255, 1), layout);
    expect(Array.from(block)).toEqual([1, 100, 2, 200, 5, 6, 4, 7]);
  });

  it("leaves the packed bytes as they were", () => {
    const packed = Uint8Array.of(1, 2, 3, 4);
    unpackBlock(packed, { ...plain, littleEndian: false, bitsPerSample: 16, rowSamples: 2 });
    expect(Array.from(packed)).toEqual([1, 2, 3, 4]);
  });

  it("unpacks or refuses each of 3000 damaged LZW blocks", async () => {
    const codes = [256, 7, 258, 8, 8, 258, 6, 6, 260, 259, 261, 9, 263, 264, 265, 257];
    const outcome = await readMutated(packCodes(codes), 3000, (damaged) =>
      unpackBlock(damaged, bytesLayout(25, 5)),
    );
    expect(outcome.read).toBeGreaterThan(50);
    expect(outcome.refused).toBeGreaterThan(50);
  });
});
