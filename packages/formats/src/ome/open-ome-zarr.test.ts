import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { joinPlanes } from "../image/array-stack.ts";
import { describeAxes, type ImageStack } from "../image/image-stack.ts";
import type { NdArray } from "../nd-array.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { mutateBytes, readMutated } from "../testing/mutate.ts";
import { type AnyJson, readZarrFixtures, withFile, withJson } from "../testing/zarr.ts";
import { mapStore } from "../zarr/byte-store.ts";
import { openOmeZarr } from "./open-ome-zarr.ts";
import { type OmeZarrImage, writeOmeZarr } from "./write-ome-zarr.ts";

const fixtures = readZarrFixtures();
const filesOf = (name: string) => fixtures.get(name)!.files;
const open = (files: ReadonlyMap<string, Uint8Array>, series?: number) =>
  openOmeZarr(mapStore(files), { series });

async function readAll(stack: ImageStack): Promise<NdArray> {
  const planes: NdArray[] = [];
  for (let t = 0; t < stack.sizeT; t++)
    for (let c = 0; c < stack.sizeC; c++)
      for (let z = 0; z < stack.sizeZ; z++) planes.push(await stack.readPlane({ c, z, t }));
  return joinPlanes(planes);
}

describe("openOmeZarr", () => {
  it.each([...fixtures.keys()])("reads what zarr-python wrote: %s", async (name) => {
    const { array } = fixtures.get(name)!;
    const stack = await open(filesOf(name));
    const { dtype, data } = await readAll(stack);
    expect(dtype).toBe(array.dtype);
    if (name !== "v3 x before y") expect(data).toEqual(array.data);
    else {
      // [2, 13, 15] of channels, columns and rows.
      expect([stack.width, stack.height]).toEqual([17, 19]);
      for (const [c, x, y] of [
        [0, 0, 0],
        [1, 16, 2],
        [0, 3, 18],
      ] as const)
        expect(data[c * 323 + y * 17 + x]).toBe(array.data[c * 323 + x * 19 + y]);
    }
  });

  it.each(["v2 blosc lz4", "v3 zstd"])("knows sizes, names and the pixel's size of %s", async (name) => {
    const stack = await open(filesOf(name));
    expect(stack).toMatchObject({ width: 15, height: 13, sizeC: 2, sizeZ: 3, sizeT: 2, bitDepth: 16 });
    expect(describeAxes(stack)).toBe("channels 0 (GFP) and 1 (DAPI), 3 planes of z, 2 time points");
    expect([stack.pixelSizeMicrons, stack.series]).toEqual([0.4, { index: 0, count: 1, name: "cells" }]);
  });

  it("reads axes that are not described, as versions before 0.3 have them, or that have names alone", async () => {
    expect(await open(filesOf("v2 of version 0.1"))).toMatchObject({ sizeT: 1, sizeC: 2, sizeZ: 1 });
    const named = await open(filesOf("v2 of version 0.3"));
    expect(named).toMatchObject({ sizeC: 2, sizeZ: 1, channelNames: [] });
    expect(named).not.toHaveProperty("pixelSizeMicrons");
  });

  it("reads what our own writer writes, every image of it", async () => {
    const data: NdArray = {
      dtype: "float32",
      shape: [2, 2, 3, 5],
      data: Float32Array.from({ length: 60 }, (_, i) => i / 7),
    };
    const image: OmeZarrImage = {
      data,
      channelNames: ["protein", "nucleus"],
      pixelSizeMicrons: 0.4126,
      name: "FBL",
    };
    for (const index of [0, 1]) {
      const stack = await open(writeOmeZarr(image), index);
      expect(stack).toMatchObject({
        pixelSizeMicrons: 0.4126,
        channelNames: image.channelNames,
        bitDepth: 32,
      });
      expect(describeAxes(stack)).toBe(`channels 0 (protein) and 1 (nucleus), image ${index} of 2`);
      expect((await readAll(stack)).data).toEqual(data.data.slice(30 * index, 30 * index + 30));
    }
    await expect(open(writeOmeZarr(image), 2)).rejects.toThrow(/there is no image 2 among its 2, from 0/);
    const single = { ...image, data: { ...data, shape: [2, 3, 5], data: data.data.slice(0, 30) } };
    const { pixelSizeMicrons: _, ...unsized } = single;
    expect(await open(writeOmeZarr(unsized))).not.toHaveProperty("pixelSizeMicrons");
  });

  it("reads the images of a collection that lists them, or does not, and leaves labels aside", async () => {
    const files = filesOf("v2 collection");
    const second = await open(files, 1);
    expect([second.series, (await second.readPlane({ c: 0, z: 0, t: 0 })).data[0]]).toEqual([
      { index: 1, count: 2, name: "cells" },
      2,
    ]);
    const unlisted = new Map([...files].map(([path, bytes]) => [path.replace(/^first/, "0"), bytes]));
    unlisted.delete("OME/.zattrs");
    expect((await (await open(unlisted)).readPlane({ c: 1, z: 0, t: 0 })).data[5]).toBe(1);
  });

  describe("takes for the size of a pixel", () => {
    const sized = async (change: (multiscale: AnyJson) => unknown) => {
      const files = withJson(filesOf("v3 none"), "zarr.json", ({ attributes }) =>
        change(attributes.ome.multiscales[0]),
      );
      return (await open(files)).pixelSizeMicrons;
    };
    const scaleOf = (multiscale: AnyJson) => multiscale.datasets[0].coordinateTransformations;

    it.each<[string, (multiscale: AnyJson) => unknown, number]>([
      ["the level's scale", () => undefined, 0.4],
      [
        "that and the scale of all levels",
        (m) => (m.coordinateTransformations = [{ type: "scale", scale: [1, 1, 1, 1, 0.5] }]),
        0.2,
      ],
      ["another unit", (m) => (m.axes[4].unit = "millimeter"), 400],
      ["no shift", (m) => scaleOf(m).push({ type: "translation", translation: [0, 0, 0, 9, 9] }), 0.4],
    ])("%s", async (_, change, expected) => {
      expect(await sized(change)).toBeCloseTo(expected, 10);
    });

    it.each<[string, (multiscale: AnyJson) => unknown]>([
      ["an axis without a unit", (m) => delete m.axes[4].unit],
      ["an unknown unit", (m) => (m.axes[4].unit = "parsec")],
      ["a number for a unit", (m) => (m.axes[4].unit = 7)],
      ["a scale of too few axes", (m) => (scaleOf(m)[0].scale = [1, 1, 1, 1])],
      ["text for a scale", (m) => (scaleOf(m)[0].scale[4] = "0.4")],
      ["a negative scale", (m) => (scaleOf(m)[0].scale[4] = -1)],
      ["no scale", (m) => delete m.datasets[0].coordinateTransformations],
    ])("nothing of %s", async (_, change) => {
      expect(await sized(change)).toBeUndefined();
    });
  });
});

describe("openOmeZarr refuses", () => {
  const files = filesOf("v3 none");
  const ome = (change: (value: AnyJson) => void) =>
    withJson(files, "zarr.json", ({ attributes }) => change(attributes.ome));
  const array = (change: (value: AnyJson) => void) =>
    withJson(files, "0/zarr.json", (value) => void change(value));
  const group = (attributes: object) =>
    withFile(new Map(), "zarr.json", JSON.stringify({ zarr_format: 3, attributes }));

  it.each<[string, ReadonlyMap<string, Uint8Array>, RegExp]>([
    ["an empty folder", new Map(), /there is neither zarr.json nor .zattrs in the folder; give the folder/],
    ["JSON cut short", withFile(files, "zarr.json", '{"a'), /zarr.json is no JSON/],
    ["a group without images", group({}), /its metadata describe no image/],
    [
      "a plate",
      group({ ome: { plate: { wells: [{ path: "A/1" }] } } }),
      /it is a plate of many images; .*such as A\/1\/0/,
    ],
    [
      "a well",
      group({ ome: { well: { images: [{ path: "0" }] } } }),
      /it is a well of many images; .*such as 0/,
    ],
    [
      "a collection of nothing",
      group({ ome: { "bioformats2raw.layout": 3 } }),
      /neither zarr.json nor .zattrs in 0/,
    ],
    [
      "an image without levels",
      ome((o) => (o.multiscales[0].datasets = [])),
      /the path undefined|there is no array/,
    ],
    [
      "a level outside",
      ome((o) => (o.multiscales[0].datasets[0].path = "../secret")),
      /the path "..\/secret" is not read/,
    ],
    [
      "a level outside by escapes",
      ome((o) => (o.multiscales[0].datasets[0].path = "..%2f..%2fetc")),
      /is not read/,
    ],
    [
      "a level that is not there",
      ome((o) => (o.multiscales[0].datasets[0].path = "9")),
      /there is no array at 9/,
    ],
    [
      "a level that is a group",
      withFile(files, "0/zarr.json", '{"zarr_format":3,"node_type":"group"}'),
      /its shape undefined/,
    ],
    ["too few axes", ome((o) => o.multiscales[0].axes.pop()), /axes \["t","c","z","y"\] of \[2,2,3,13,15\]/],
    [
      "axes without x",
      ome((o) => (o.multiscales[0].axes[4].name = "w")),
      /axes .* are not read; write the axes/,
    ],
    ["an axis twice", ome((o) => (o.multiscales[0].axes[2].name = "c")), /axes .* are not read/],
    [
      "an axis of another kind",
      ome((o) => (o.multiscales[0].axes[0].name = "angle")),
      /axes .* are not read/,
    ],
    [
      "a type that is no number",
      array((a) => (a.data_type = "string")),
      /chunks .* of string are not read|are damaged/,
    ],
    ["a type that is unknown", array((a) => (a.data_type = "r16")), /the metadata of 0 are damaged/],
    [
      "chunks of gigabytes",
      array((a) => (a.chunk_grid.configuration.chunk_shape = [1, 1, 1, 99_999, 99_999])),
      /its chunks .* are not read/,
    ],
    [
      "another order of keys",
      array((a) => (a.chunk_key_encoding = { name: "odd" })),
      /the metadata of 0 are damaged/,
    ],
  ])("%s", async (_, changed, message) => {
    const error = await open(changed).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  it.each<[string, ReadonlyMap<string, Uint8Array>, RegExp]>([
    [
      "a chunk cut short",
      withFile(files, "0/c/0/0/0/0/0", files.get("0/c/0/0/0/0/0")!.subarray(0, 100)),
      /holds 50 of 200 values/,
    ],
    [
      "a chunk of half a value",
      withFile(files, "0/c/0/0/0/0/0", new Uint8Array(5)),
      /chunk 0\/0\/0\/0\/0 is damaged|holds/,
    ],
    [
      "a plane of a billion pixels",
      array((a) => (a.shape = [1, 1, 1, 40_000, 40_000])),
      /pixels are too many; crop it/,
    ],
    [
      "a plane of a million chunks",
      array((a) =>
        Object.assign(a, {
          shape: [1, 1, 1, 4000, 4000],
          chunk_grid: { name: "regular", configuration: { chunk_shape: [1, 1, 1, 2, 2] } },
        }),
      ),
      /4000000 chunks is not read/,
    ],
  ])("%s, when it is read", async (_, changed, message) => {
    const stack = await open(changed);
    const error = await Promise.resolve(stack.readPlane({ c: 0, z: 0, t: 0 })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  it("what metadata alone promise, before anything large is allocated", async () => {
    const [start, before] = [cpuTimeMs(), process.memoryUsage().arrayBuffers];
    const promise = array((a) => (a.shape = [1e6, 1e6, 1e6, 1e9, 1e9]));
    const stack = await open(promise);
    await expect(stack.readPlane({ c: 0, z: 0, t: 0 })).rejects.toThrow(/too many/);
    expect(cpuTimeMs() - start).toBeLessThan(500);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
  });
});

describe("a damaged hierarchy", () => {
  const names = [
    "v2 blosc lz4",
    "v2 zlib",
    "v2 column order",
    "v3 zstd",
    "v3 shards",
    "v3 transposed",
    "v2 collection",
  ];

  it.each(names)("is read or refused in each of 150 ways: %s", async (name) => {
    const files = filesOf(name);
    const paths = [...files.keys()];
    // Metadata, the level's and one chunk's files are damaged in turns.
    const targets = paths
      .filter((path) => /zarr.json$|\.z\w+$/.test(path))
      .concat(paths.filter((path) => /\d$/.test(path)).slice(0, 2));
    const outcome = { read: 0, refused: 0 };
    for (const path of targets) {
      const { read, refused } = await readMutated(
        files.get(path)!,
        Math.ceil(150 / targets.length),
        async (damaged) => {
          const stack = await open(withFile(files, path, damaged));
          const last = { c: stack.sizeC - 1, z: stack.sizeZ - 1, t: stack.sizeT - 1 };
          for (const place of [{ c: 0, z: 0, t: 0 }, last]) {
            const { data } = await stack.readPlane(place);
            expect(data).toHaveLength(stack.width * stack.height);
          }
        },
      );
      outcome.read += read;
      outcome.refused += refused;
    }
    expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(5);
  });

  it("leaves no rejection that nobody handles", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      for (const name of ["v2 gzip", "v2 blosc lz4", "v3 gzip and crc32c", "v3 shards"]) {
        const files = filesOf(name);
        const chunks = [...files.keys()].filter((path) => /\d$/.test(path) && !/^1/.test(path));
        const ruined = new Map(files);
        for (const [seed, path] of chunks.entries())
          ruined.set(path, mutateBytes(files.get(path)!, seed).subarray(0, 30));
        const stack = await open(ruined);
        // Several planes at once, as a server may ask for them.
        const places = Array.from({ length: stack.sizeC }, (_, c) => stack.readPlane({ c, z: 0, t: 0 }));
        const outcomes = await Promise.allSettled(places);
        expect(
          outcomes.some(({ status }) => status === "rejected"),
          name,
        ).toBe(true);
      }
      const odd = withJson(
        filesOf("v3 gzip"),
        "0/zarr.json",
        (value) => void (value.codecs = [null, { name: "x" }, 7]),
      );
      await expect(open(odd)).rejects.toThrow(FormatError);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", listen);
    }
  });
});
