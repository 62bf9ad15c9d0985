// The folder of a retrieval index: what is kept, made anew and removed as its set changes, and what is refused.
// No network runs here: items are made up, sources are those of real files.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { cropRow, fixtureSide, writeAtlas } from "@proteoscope/lab/testing";
import type { IndexItem, IndexSource } from "@proteoscope/microscope/experiments";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageSources, openIndexFolder, readIndexFolder } from "./retrieval-index.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "proteoscope-index-"));
});
afterEach(() => rmSync(place, { recursive: true }));

const description = { format: 1, classifier: "c1", set: "set" } as const;
const source = (id: string, digest: string | null): IndexSource => ({
  ...{ id, digest, kind: "image", protein: id, field: id, isSynthetic: false },
  read: async () => [],
});
const itemOf = ({ read, ...rest }: IndexSource): IndexItem => ({
  ...rest,
  ...{ cells: 1, features: Float32Array.of(1, 2), thumbnail: new Uint8Array(2 * 48 * 48) },
});
const partsOf = (folder: string) => readdirSync(folder).filter((name) => name.startsWith("part-"));

describe("openIndexFolder", () => {
  it("keeps what is unchanged, and removes what has changed or is gone", async () => {
    const first = await openIndexFolder(place, description);
    await first.add([source("a", "1"), source("b", "1")].map(itemOf));
    await first.add([itemOf(source("c", "1"))]);
    const again = await openIndexFolder(place, description);
    const { missing, removed } = await again.update([source("a", "1"), source("b", "2"), source("d", "1")]);
    expect(missing.map(({ id }) => id)).toEqual(["b", "d"]);
    expect(removed).toBe(2);
    await again.add(missing.map(itemOf));
    const { items } = await readIndexFolder(place);
    expect(items).toEqual(again.items());
    expect(items.map(({ id, digest }) => `${id}${digest}`)).toEqual(["a1", "b2", "d1"]);
  });

  it("makes anew what has no digest", async () => {
    const index = await openIndexFolder(place, description);
    await index.add([itemOf(source("a", null))]);
    expect(await index.update([source("a", "1")])).toMatchObject({ removed: 1, missing: [{ id: "a" }] });
    await index.add([itemOf(source("a", "1"))]);
    expect(await index.update([source("a", null)])).toMatchObject({ removed: 1, missing: [{ id: "a" }] });
  });

  it("replaces no part where an earlier one was deleted", async () => {
    const index = await openIndexFolder(place, description);
    await index.add([itemOf(source("a", "1"))]);
    await index.add([itemOf(source("b", "1"))]);
    unlinkSync(join(place, "part-00000.safetensors"));
    const again = await openIndexFolder(place, description);
    await again.add([itemOf(source("a", "1"))]);
    expect(partsOf(place)).toEqual(["part-00001.safetensors", "part-00002.safetensors"]);
    expect((await readIndexFolder(place)).items.map(({ id }) => id)).toEqual(["b", "a"]);
  });
});

describe("an index of something else", () => {
  const settings = { cells: 4, steps: 50, sampler: "ddim", seed: 0 };

  it.each([
    [{ set: "other" }, "of set, not of other"],
    [{ classifier: "c2" }, "by the classifier of another --model"],
    [{ settings: { ...settings, cells: 2 } }, "with --cells 4, not 2"],
    [{ settings: { ...settings, steps: 9, seed: 1 } }, "with --steps 50, not 9, with --seed 0, not 1"],
    [{ settings: undefined }, "of proteins, not of images"],
    [
      { set: "other", settings: { ...settings, sampler: "heun" } },
      "of set, not of other, with --sampler ddim, not heun",
    ],
  ])("is refused for %j with what differs", async (change, difference) => {
    const wanted = { ...description, settings };
    await openIndexFolder(place, wanted);
    await expect(openIndexFolder(place, wanted)).resolves.toBeDefined();
    await expect(openIndexFolder(place, { ...wanted, ...change })).rejects.toMatchObject({
      exitCode: 2,
      message: `${place} is an index ${difference}: name another folder with -o`,
    });
  });
});

describe("a damaged part", () => {
  it("is named with what to do, and made again once it is deleted", async () => {
    const index = await openIndexFolder(place, description);
    await index.add([itemOf(source("a", "1"))]);
    const part = join(place, "part-00000.safetensors");
    const bytes = readFileSync(part);
    for (const length of [0, 5, bytes.length - 7]) {
      writeFileSync(part, bytes.subarray(0, length));
      const refusal = {
        exitCode: 3,
        message: expect.stringMatching(/part-00000\.safetensors: .*; delete it and .*--build set -o/),
      };
      await expect(readIndexFolder(place)).rejects.toMatchObject(refusal);
      await expect(openIndexFolder(place, description)).rejects.toMatchObject(refusal);
    }
    unlinkSync(part);
    const again = await openIndexFolder(place, description);
    expect(await again.update([source("a", "1")])).toMatchObject({ missing: [{ id: "a" }] });
  });
});

describe("imageSources", () => {
  const constants = { cropPixels: 8 } as Parameters<typeof imageSources>[1];
  const options = { signal: new AbortController().signal };
  const image = (value: number) =>
    writeNpy({ dtype: "uint8", shape: [8, 8], data: new Uint8Array(64).fill(value) });
  const digests = async (settings = {}) => {
    const sources = await imageSources(join(place, "images"), constants, { ...options, ...settings });
    return new Map(sources.map(({ id, digest }) => [id, digest]));
  };

  it("knows an overwritten file, and other settings, by the digest", async () => {
    mkdirSync(join(place, "images"));
    writeFileSync(join(place, "images/A_1.npy"), image(1));
    writeFileSync(join(place, "images/B_1.npy"), image(2));
    const before = await digests();
    expect(before.get("A_1")).toMatch(/^[0-9a-f]{64}$/);
    expect(await digests()).toEqual(before);
    writeFileSync(join(place, "images/B_1.npy"), image(3));
    const after = await digests();
    expect(after.get("A_1")).toBe(before.get("A_1"));
    expect(after.get("B_1")).not.toBe(before.get("B_1"));
    expect((await digests({ pixelSizeMicrons: 1 })).get("A_1")).not.toBe(before.get("A_1"));
  });

  it("knows a crop by its row and its pixels, and leaves one without pixels to its reading", async () => {
    const atlas = await writeAtlas({ crops: [cropRow, { ...cropRow, index: 7 }] });
    const sources = () => imageSources(atlas.path, { cropPixels: fixtureSide } as typeof constants, options);
    const [before, without] = await sources();
    expect(before!.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(without!.digest).toBeNull();
    await expect(without!.read()).rejects.toThrow("names crop 7");
    expect((await sources())[0]!.digest).toBe(before!.digest);
    const table = join(atlas.path, "crops.csv");
    const text = readFileSync(table, "utf8");
    writeFileSync(table, text.replace("field0", "field1"));
    expect((await sources())[0]!.digest).not.toBe(before!.digest);
    writeFileSync(table, text);
    const file = join(atlas.path, "crops_u8.npy");
    const pixels = readFileSync(file);
    pixels[pixels.length - fixtureSide ** 2 * 3 * 2]! ^= 1;
    writeFileSync(file, pixels);
    expect((await sources())[0]!.digest).not.toBe(before!.digest);
    await atlas.remove();
  });

  it("knows a changed file within an OME-Zarr by the digest", async () => {
    const chunk = join(place, "images/A.ome.zarr/0/c");
    mkdirSync(chunk, { recursive: true });
    writeFileSync(join(place, "images/A.ome.zarr/zarr.json"), "{}");
    writeFileSync(join(chunk, "0"), "pixels");
    const before = await digests();
    expect(before.get("A")).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(join(chunk, "0"), "others");
    expect((await digests()).get("A")).not.toBe(before.get("A"));
  });
});
