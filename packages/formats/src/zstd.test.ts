import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readNpz } from "./arrays/npz.ts";
import { FormatError } from "./errors.ts";
import { readMutated } from "./testing/mutate.ts";
import { decompressZstd, loadZstd } from "./zstd.ts";

// A chunk of fixtures/zarr.npz that numcodecs compressed: 400 bytes of 10 x 10 x 2 values of 16 bits.
const store = readNpz(readFileSync(new URL("./fixtures/zarr.npz", import.meta.url)));
const frame = store.get("v2 zstd|0/0.0.0.0.0")!.data as Uint8Array;
const bounds = { format: "test", minBytes: 400, maxBytes: 400 };

afterEach(() => vi.resetModules());

describe("decompressZstd", () => {
  it("gives the bytes of a frame that fit", async () => {
    await loadZstd();
    const bytes = decompressZstd(frame, bounds);
    const values = new Uint16Array(bytes.buffer, bytes.byteOffset, 200);
    const expected = store.get("v2 zstd.values")!.data as Uint16Array; // rows of 15
    expect(Array.from(values.subarray(0, 10))).toEqual(Array.from(expected.subarray(0, 10)));
    expect(Array.from(values.subarray(10, 20))).toEqual(Array.from(expected.subarray(15, 25)));
    expect(decompressZstd(frame, { ...bounds, minBytes: 0, maxBytes: 100_000 })).toEqual(bytes);
  });

  it("reads several frames behind one another", async () => {
    await loadZstd();
    const twice = new Uint8Array([...frame, ...frame]);
    expect(decompressZstd(twice, { ...bounds, minBytes: 800, maxBytes: 800 })).toHaveLength(800);
  });

  it.each<[string, Uint8Array, Partial<typeof bounds>, RegExp]>([
    [
      "more bytes than are allowed",
      frame,
      { minBytes: 0, maxBytes: 399 },
      /zstd data is damaged, or does not hold/,
    ],
    ["fewer bytes than are needed", frame, { minBytes: 401, maxBytes: 999 }, /does not hold 401 bytes/],
    ["a frame cut short", frame.subarray(0, 40), {}, /zstd data is damaged/],
    ["nothing", new Uint8Array(0), {}, /zstd data is damaged/],
    ["what is no frame", new Uint8Array(50).fill(7), {}, /zstd data is damaged/],
    ["a block of gigabytes", frame, { maxBytes: 2 ** 33 }, /a zstd block of 8589934592 bytes is too large/],
  ])("refuses %s", async (_, bytes, change, message) => {
    await loadZstd();
    expect(() => decompressZstd(bytes, { ...bounds, ...change })).toThrow(FormatError);
    expect(() => decompressZstd(bytes, { ...bounds, ...change })).toThrow(message);
  });

  it("says what to do where it was not loaded", async () => {
    vi.resetModules();
    const { decompressZstd: unloaded } = await import("./zstd.ts");
    expect(() => unloaded(frame, bounds)).toThrow(/zstd compression is read by openImage alone/);
  });

  it("decompresses or refuses each of 2000 damaged frames, and the whole one after them", async () => {
    await loadZstd();
    const outcome = await readMutated(frame, 2000, (damaged) => {
      expect(decompressZstd(damaged, bounds)).toHaveLength(400);
    });
    expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(100);
    expect(decompressZstd(frame, bounds)).toHaveLength(400);
  });
});
