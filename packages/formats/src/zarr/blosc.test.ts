// Held against the C library: every buffer of fixtures/blosc.npz, which fixtures/make_zarr.py had numcodecs write,
// gives the bytes that were in it.

import { beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../arrays/npz.ts";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { loadZstd } from "../zstd.ts";
import { decodeBlosc } from "./blosc.ts";

const entries = readNpz(readFixture("blosc.npz"));
const names = [...entries.keys()].filter((name) => !name.endsWith(".values"));
const bytesOf = (name: string) => entries.get(name)!.data as Uint8Array;

beforeAll(loadZstd);

/** A header of Blosc, and what follows it. */
function buffer(
  flags: number,
  typeSize: number,
  size: number,
  blockSize: number,
  rest: readonly number[] = [],
) {
  const bytes = new Uint8Array(16 + rest.length);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 1, flags, typeSize]);
  for (const [index, value] of [size, blockSize, bytes.length].entries())
    view.setUint32(4 + 4 * index, value, true);
  bytes.set(rest, 16);
  return bytes;
}

describe("decodeBlosc", () => {
  it("knows every compressor, shuffle and width, in one block and in several", () => {
    expect(names.length).toBeGreaterThan(180);
  });

  it.each(names)("gives what the C library packed: %s", (name) => {
    const expected = bytesOf(`${name}.values`);
    expect(decodeBlosc(bytesOf(name), expected.length)).toEqual(expected);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /Blosc data is cut short/],
    [
      "a header that promises too much",
      buffer(0x21, 2, 1e9, 1024),
      /expands to 1000000000 bytes, above 5000/,
    ],
    ["a copy cut short", buffer(0x22, 1, 100, 100, [1, 2, 3]), /is cut short/],
    ["blocks of one byte", buffer(0x21, 1, 5000, 1), /has blocks of 1 bytes/],
    ["a list of blocks cut short", buffer(0x21, 1, 5000, 100, [1, 2, 3]), /is cut short/],
    ["a block outside", buffer(0x21, 1, 100, 100, [0, 0, 0, 1]), /is cut short/],
    ["a stream outside", buffer(0x31, 1, 100, 100, [20, 0, 0, 0, 99, 0, 0, 0]), /is cut short/],
    ["Snappy", buffer(0x50, 1, 100, 100, [20, 0, 0, 0, 1, 0, 0, 0, 1]), /Blosc with Snappy is not read/],
    [
      "an unknown compressor",
      buffer(0xf0, 1, 100, 100, [20, 0, 0, 0, 1, 0, 0, 0, 1]),
      /compressor 7 is not read/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeBlosc(bytes, 5000)).toThrow(FormatError);
    expect(() => decodeBlosc(bytes, 5000)).toThrow(message);
  });

  it("takes no longer for many small blocks than for their bytes", () => {
    // 60,000 blocks that are all the same 64 bytes.
    const count = 60_000;
    const start = 16 + 4 * count;
    const bytes = new Uint8Array(start + 4 + 64);
    bytes.set(buffer(0x30, 1, 64 * count, 64));
    const view = new DataView(bytes.buffer);
    for (let block = 0; block < count; block++) view.setUint32(16 + 4 * block, start, true);
    view.setUint32(start, 64, true);
    const before = cpuTimeMs();
    expect(decodeBlosc(bytes, 64 * count)).toHaveLength(64 * count);
    expect(cpuTimeMs() - before).toBeLessThan(1500);
  });

  it.each(names.filter((name) => / 701 |far/.test(name) && !/u1|f8/.test(name)))(
    "decodes or refuses each of 100 damaged copies: %s",
    async (name) => {
      const { length } = bytesOf(`${name}.values`);
      const outcome = await readMutated(bytesOf(name), 100, (damaged) => {
        expect(decodeBlosc(damaged, length).length).toBeLessThanOrEqual(length);
      });
      expect(outcome.refused).toBeGreaterThan(3);
    },
  );
});
