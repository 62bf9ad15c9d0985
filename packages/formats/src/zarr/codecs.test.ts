import { gzipSync, zlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { type BytesCodec, bytesOfChunk, readCodecs, registerCodecs } from "./codecs.ts";

interface Entry {
  fromConfig(configuration: unknown, chunk: { dataType: string; shape: readonly number[] }): BytesCodec;
}
const registry = new Map<string, () => Entry>();
registerCodecs(registry);

/** Decodes a chunk of 10 x 10 values of 16 bits. */
async function decode(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  return registry.get(name)!()
    .fromConfig({}, { dataType: "uint16", shape: [10, 10] })
    .decode(bytes);
}

const raw = Uint8Array.from({ length: 200 }, (_, i) => i % 7);

describe("the codecs", () => {
  it("stand in for zarrita's own, under the names of both versions of Zarr", () => {
    const names = ["blosc", "gzip", "lz4", "zlib", "zstd"];
    expect([...registry.keys()].sort()).toEqual(
      [...names, ...names.map((name) => `numcodecs.${name}`)].sort(),
    );
    expect([...registry.keys()].every((name) => readCodecs.has(name))).toBe(true);
  });

  it("read gzip, with a name and comments in its header, and zlib", async () => {
    expect(await decode("gzip", gzipSync(raw))).toEqual(raw);
    expect(await decode("zlib", zlibSync(raw))).toEqual(raw);
    expect(await decode("numcodecs.gzip", gzipSync(raw, { filename: "a chunk" }))).toEqual(raw);
    const [header, rest] = [gzipSync(raw).subarray(0, 10), gzipSync(raw).subarray(10)];
    const withExtra = (flags: number, extra: readonly number[]) =>
      decode("gzip", new Uint8Array([...header.with(3, flags), ...extra, ...rest]));
    expect(await withExtra(2 | 4, [3, 0, 9, 9, 9, 0xab, 0xcd])).toEqual(raw);
    expect(await withExtra(8 | 16, [97, 98, 0, 99, 0])).toEqual(raw);
  });

  it("read LZ4 behind its length", async () => {
    const block = [0xf0, 185, ...raw]; // literals alone
    expect(await decode("lz4", Uint8Array.from([200, 0, 0, 0, ...block]))).toEqual(raw);
  });

  it.each<[string, string, Uint8Array]>([
    ["gzip that is none", "gzip", raw],
    ["gzip of a header alone", "gzip", gzipSync(raw).subarray(0, 10)],
    ["gzip whose name never ends", "gzip", gzipSync(raw).with(3, 8).fill(1, 10)],
    ["damaged zlib", "zlib", zlibSync(raw).fill(255, 5)],
    ["zstd that is none", "zstd", raw],
    ["Blosc that is none", "blosc", raw.subarray(0, 9)],
    ["LZ4 without a length", "lz4", Uint8Array.of(1)],
    ["LZ4 of a gigabyte", "lz4", Uint8Array.of(0, 0, 0, 0x40, 1, 2, 3)],
  ])("refuse %s", async (_, name, bytes) => {
    await expect(decode(name, bytes)).rejects.toThrow(FormatError);
  });

  it.each(["gzip", "zlib"])("stop a %s bomb at the size of the chunk", async (name) => {
    const bomb = (name === "gzip" ? gzipSync : zlibSync)(new Uint8Array(5_000_000), { level: 6 });
    const [start, before] = [cpuTimeMs(), process.memoryUsage().arrayBuffers];
    await expect(decode(name, bomb)).rejects.toThrow(/expands beyond 1224 bytes/);
    expect(cpuTimeMs() - start).toBeLessThan(500);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
  });

  it("write nothing", () => {
    const codec = registry.get("gzip")!().fromConfig({}, { dataType: "uint8", shape: [1] });
    expect(() => codec.encode(raw)).toThrow(FormatError);
  });
});

describe("bytesOfChunk", () => {
  it("is known for numbers, and for nothing else", () => {
    const size = (dataType: string) => bytesOfChunk({ dataType, shape: [3, 5] });
    expect(["uint8", "int16", "float32", "uint64", "float64"].map(size)).toEqual([15, 30, 60, 120, 120]);
    for (const type of ["bool", "float16", "string", "v2:U4", "v2:object", "int128", ""])
      expect(size(type)).toBeNaN();
  });
});
