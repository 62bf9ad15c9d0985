import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { mapStore } from "./byte-store.ts";
import { asList, asObject, checkArrayMetadata, readJsonFile } from "./metadata.ts";

const v3 = {
  zarr_format: 3,
  shape: [2, 8, 8],
  chunk_grid: { name: "regular", configuration: { chunk_shape: [1, 4, 4] } },
  codecs: [{ name: "bytes" }, { name: "gzip" }] as unknown,
};
const v2 = { zarr_format: 2, shape: [8, 8], chunks: [4, 4], compressor: { id: "blosc" }, filters: null };
const grid = (chunk_shape: unknown) => ({ name: "regular", configuration: { chunk_shape } });
const sharded = (change: object) => {
  const configuration = {
    chunk_shape: [1, 2, 2],
    codecs: [{ name: "bytes" }],
    index_codecs: [{ name: "crc32c" }],
  };
  return { ...v3, codecs: [{ name: "sharding_indexed", configuration: { ...configuration, ...change } }] };
};

describe("checkArrayMetadata", () => {
  it.each([v3, v2, { ...v2, compressor: null, filters: [] }, sharded({})])(
    "lets what is read pass: %j",
    (metadata) => {
      expect(() => checkArrayMetadata(metadata)).not.toThrow();
    },
  );

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["nothing", {}, /its shape undefined is not read/],
    ["no dimensions", { ...v3, shape: [] }, /its shape \[\] is not read/],
    ["nine dimensions", { ...v3, shape: Array(9).fill(1) }, /its shape/],
    ["a size of zero", { ...v3, shape: [2, 0, 8] }, /its shape \[2,0,8\]/],
    ["half a size", { ...v3, shape: [2, 0.5, 8] }, /its shape/],
    ["a size beyond counting", { ...v3, shape: [2, 1e300, 8] }, /its shape/],
    ["words for sizes", { ...v3, shape: "large" }, /its shape "large"/],
    ["chunks of other dimensions", { ...v3, chunk_grid: grid([4, 4]) }, /its chunk shape \[4,4\]/],
    ["chunks of nothing", { ...v2, chunks: [0, 4] }, /its chunks \[0,4\]/],
    ["another grid", { ...v3, chunk_grid: { name: "rectilinear" } }, /chunks are not of one size/],
    ["codecs that are no list", { ...v3, codecs: { name: "bytes" } }, /its codecs are no list/],
    ["a codec that is none", { ...v3, codecs: [null, 7] }, /the codec null is not read/],
    [
      "two unknown codecs",
      { ...v3, codecs: [{ name: "x" }, { name: "y" }] },
      /the codec "x" is not read; write it with one of/,
    ],
    [
      "an unknown compressor",
      { ...v2, compressor: { id: "lzma" } },
      /the codec "numcodecs.lzma" is not read/,
    ],
    ["a compressor without a name", { ...v2, compressor: {} }, /the codec "numcodecs.undefined"/],
    ["a filter", { ...v2, filters: [{ id: "delta" }] }, /the codec "numcodecs.delta" is not read/],
    [
      "shards that their chunks do not fill",
      sharded({ chunk_shape: [1, 3, 3] }),
      /its shards \[1,4,4\] of chunks \[1,3,3\]/,
    ],
    ["shards of no chunks", sharded({ chunk_shape: undefined }), /shape of a shard's chunks undefined/],
    ["shards with an unknown codec", sharded({ codecs: [{ name: "x" }] }), /the codec "x" is not read/],
    ["shards with an unknown index", sharded({ index_codecs: [{ name: "x" }] }), /the codec "x" is not read/],
    ["shards in shards", sharded({ codecs: [{ name: "sharding_indexed" }] }), /shards within shards/],
    [
      "shards of millions of chunks",
      { ...sharded({ chunk_shape: [1, 1, 1] }), chunk_grid: grid([1, 10_000, 10_000]) },
      /its shards \[1,10000,10000\]/,
    ],
  ])("refuses %s", (_, metadata, message) => {
    expect(() => checkArrayMetadata(metadata)).toThrow(FormatError);
    expect(() => checkArrayMetadata(metadata)).toThrow(message);
  });
});

describe("readJsonFile", () => {
  const store = (text: string) => mapStore(new Map([["a.json", new TextEncoder().encode(text)]]));

  it("reads an object, takes anything else for an empty one, and misses what is not there", async () => {
    expect(await readJsonFile(store('{"a": 1}'), "a.json")).toEqual({ a: 1 });
    for (const text of ["[1]", "null", '"x"']) expect(await readJsonFile(store(text), "a.json")).toEqual({});
    expect(await readJsonFile(store("{}"), "b.json")).toBeUndefined();
  });

  it("refuses what is no JSON, is far too large, or lies elsewhere", async () => {
    await expect(readJsonFile(store("{"), "a.json")).rejects.toThrow(/a.json is no JSON/);
    await expect(readJsonFile(store(" ".repeat(17_000_000)), "a.json")).rejects.toThrow(
      /too large to be metadata/,
    );
    await expect(readJsonFile(store("{}"), "../a.json")).rejects.toThrow(FormatError);
  });

  it("reads what is nested deeply, or refuses it", async () => {
    const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const outcome = await readJsonFile(store(deep), "a.json").catch((error: unknown) => error);
    expect(outcome instanceof FormatError || typeof outcome === "object").toBe(true);
    expect(outcome).not.toBeInstanceOf(RangeError);
  });
});

describe("asObject and asList", () => {
  it("take what is none for an empty one", () => {
    expect([asObject([1]), asObject(null), asObject(3)]).toEqual([{}, {}, {}]);
    expect([asList({ length: 3 }), asList(null), asList("abc")]).toEqual([[], [], []]);
  });
});
