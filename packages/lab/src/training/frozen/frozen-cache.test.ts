import { mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NdArray } from "@proteoscope/engine";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FrozenCacheOptions, openFrozenCache } from "./frozen-cache.ts";

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "frozen-"));
});
afterEach(() => rm(cacheDir, { recursive: true }));

const weightsOf = (value: number): ReadonlyMap<string, NdArray> =>
  new Map([["w", { dtype: "float32", shape: [1], data: Float32Array.of(value) }]]);
const optionsOf = (changes: Partial<FrozenCacheOptions> = {}): FrozenCacheOptions => ({
  ...{ cacheDir, name: "latents", settings: { side: 8 }, weights: weightsOf(1) },
  ...changes,
});

/** Reads one key in a cache of its own; whether it was computed. */
async function read(key: string, changes: Partial<FrozenCacheOptions> = {}) {
  const cache = await openFrozenCache(optionsOf(changes));
  let isComputed = false;
  const values = await cache.get([key], async () => {
    isComputed = true;
    return Float32Array.of(0.1, key.length, -1e-30);
  });
  await cache.close();
  return { isComputed, values: [...values] };
}

describe("the cache of a frozen network", () => {
  it("gives the bits that were computed, in this process and in the next", async () => {
    const first = await read("MK");
    expect(first.isComputed).toBe(true);
    expect(await read("MK")).toEqual({ isComputed: false, values: first.values });
    expect((await read("MKV")).isComputed).toBe(true);
    expect((await read("MK")).isComputed).toBe(false);
  });

  it("has a file per network: other weights or settings compute anew", async () => {
    await read("MK");
    expect((await read("MK", { weights: weightsOf(2) })).isComputed).toBe(true);
    expect((await read("MK", { settings: { side: 9 } })).isComputed).toBe(true);
    expect((await read("MK")).isComputed).toBe(false);
    expect(await readdir(cacheDir)).toHaveLength(3);
  });

  it("drops a record that a kill has cut, and keeps those before it", async () => {
    for (const key of ["a", "ab"]) await read(key);
    const path = join(cacheDir, (await readdir(cacheDir))[0]!);
    const { size } = await stat(path);
    await truncate(path, size - 5);
    expect((await read("ab")).isComputed).toBe(true);
    expect((await stat(path)).size).toBe(size - 5); // somebody may be writing the rest
    await utimes(path, 0, 0);
    expect((await read("a")).isComputed).toBe(false);
    expect(await read("ab")).toMatchObject({ isComputed: true });
    expect((await read("ab")).isComputed).toBe(false);
    expect((await stat(path)).size).toBe(size);
  });

  it("computes anew what is damaged", async () => {
    const { values } = await read("a");
    const path = join(cacheDir, (await readdir(cacheDir))[0]!);
    await writeFile(path, Buffer.alloc(1, 0xff), { flag: "r+" }); // the key
    expect(await read("a")).toEqual({ isComputed: true, values });
  });

  it("stops to grow at its limit, and keeps nothing without a folder", async () => {
    await read("a", { maxBytes: 10 });
    expect((await read("b", { maxBytes: 10 })).isComputed).toBe(true);
    expect((await read("b", { maxBytes: 10 })).isComputed).toBe(true);
    expect((await read("c", { cacheDir: undefined })).isComputed).toBe(true);
    expect(await readdir(cacheDir)).toHaveLength(1);
  });
});
