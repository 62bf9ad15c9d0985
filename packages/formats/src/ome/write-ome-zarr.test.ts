// Read back by zarrita, an implementation of Zarr v3 that is not ours.
import { describe, expect, it } from "vitest";
import * as zarr from "zarrita";
import type { NdArray } from "../nd-array.ts";
import { type OmeZarrImage, writeOmeZarr } from "./write-ome-zarr.ts";

const planes = (images: number, channels: number): NdArray => ({
  dtype: "float32",
  shape: [images, channels, 3, 5],
  data: Float32Array.from({ length: images * channels * 15 }, (_, i) => i / 100),
});
const image: OmeZarrImage = {
  data: planes(2, 2),
  channelNames: ["protein (synthetic)", "nucleus"],
  channelColors: [0x00ff50, 0x285aff],
  pixelSizeMicrons: 0.4126,
  name: "FBL",
  attributes: { synthetic: true, provenance: { seed: 7, note: "µ and β" } },
};

/** The folder as zarrita sees one. */
function open(files: ReadonlyMap<string, Uint8Array>, path = "") {
  const store = { get: async (key: `/${string}`) => files.get(key.slice(1)) };
  return zarr.root(store).resolve(path);
}

async function readPlane(files: ReadonlyMap<string, Uint8Array>, path: string) {
  const array = await zarr.open.v3(open(files, path), { kind: "array" });
  const { data, shape } = await zarr.get(array);
  return { data, shape, dtype: array.dtype, names: array.dimensionNames };
}

describe("writeOmeZarr", () => {
  it("writes several images as a collection that names them all", async () => {
    const files = writeOmeZarr(image);
    expect([...files.keys()]).toEqual([
      ...["zarr.json", "OME/zarr.json"],
      ...["0/zarr.json", "0/0/zarr.json", "0/0/c/0/0/0", "1/zarr.json", "1/0/zarr.json", "1/0/c/0/0/0"],
    ]);
    const root = await zarr.open.v3(open(files), { kind: "group" });
    expect(root.attrs.ome).toEqual({ version: "0.5", "bioformats2raw.layout": 3 });
    const list = await zarr.open.v3(open(files, "OME"), { kind: "group" });
    expect(list.attrs.ome).toEqual({ version: "0.5", series: ["0", "1"] });
    for (const index of [0, 1]) {
      const { data, shape, dtype, names } = await readPlane(files, `${index}/0`);
      expect({ shape, dtype, names }).toEqual({ shape: [2, 3, 5], dtype: "float32", names: ["c", "y", "x"] });
      expect(data).toEqual((image.data.data as Float32Array).slice(30 * index, 30 * (index + 1)));
    }
  });

  it("says how large a pixel is, what the channels are, and whatever else belongs to the image", async () => {
    const { attrs } = await zarr.open.v3(open(writeOmeZarr(image)), { kind: "group" });
    expect(attrs).toMatchObject(image.attributes!);
    const second = await zarr.open.v3(open(writeOmeZarr(image), "1"), { kind: "group" });
    const { version, multiscales, omero } = second.attrs.ome as Record<string, never>;
    expect(version).toBe("0.5");
    expect(multiscales).toEqual([
      {
        name: "FBL 2",
        axes: [
          { name: "c", type: "channel" },
          { name: "y", type: "space", unit: "micrometer" },
          { name: "x", type: "space", unit: "micrometer" },
        ],
        datasets: [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [1, 0.4126, 0.4126] }] }],
      },
    ]);
    const window = { min: 0, max: 1, start: 0, end: 1 };
    expect(omero).toEqual({
      channels: [
        { label: "protein (synthetic)", color: "00FF50", active: true, window },
        { label: "nucleus", color: "285AFF", active: true, window },
      ],
    });
  });

  it.each(["uint8", "uint16"] as const)("writes a single image of %s at the root", async (dtype) => {
    const data = dtype === "uint8" ? Uint8Array.from([1, 2, 3, 250]) : Uint16Array.from([1, 2, 3, 65000]);
    const files = writeOmeZarr({
      data: { dtype, shape: [1, 2, 2], data },
      channelNames: ["nucleus"],
    });
    expect([...files.keys()]).toEqual(["zarr.json", "0/zarr.json", "0/c/0/0/0"]);
    expect(await readPlane(files, "0")).toMatchObject({ data, shape: [1, 2, 2], dtype });
    const { attrs } = await zarr.open.v3(open(files), { kind: "group" });
    const { multiscales, omero } = attrs.ome as { multiscales: never[]; omero: never };
    expect(multiscales[0]).toMatchObject({ axes: [{ name: "c" }, { name: "y" }, { name: "x" }] });
    expect(JSON.stringify(multiscales)).not.toContain("micrometer");
    expect(omero).toMatchObject({ channels: [{ window: { max: dtype === "uint8" ? 255 : 65535 } }] });
  });

  it("keeps no hold of the pixels it was given", () => {
    const data = Uint8Array.of(1);
    const files = writeOmeZarr({ data: { dtype: "uint8", shape: [1, 1, 1], data }, channelNames: ["a"] });
    data[0] = 2;
    expect(files.get("0/c/0/0/0")).toEqual(Uint8Array.of(1));
  });
});

describe("writeOmeZarr refuses", () => {
  it.each<[string, Partial<OmeZarrImage>, string]>([
    [
      "another type",
      { data: { dtype: "int64", shape: [1, 1, 1], data: BigInt64Array.of(1n) } },
      "int64 pixels",
    ],
    [
      "a shape of two",
      { data: { dtype: "uint8", shape: [1, 1], data: Uint8Array.of(1) } },
      "the shape [1,1]",
    ],
    ["a shape of other data", { data: { ...planes(1, 2), shape: [1, 2, 3, 4] } }, "is not [C, H, W]"],
    [
      "no pixels",
      { data: { dtype: "uint8", shape: [1, 0, 2], data: new Uint8Array(0) } },
      "the shape [1,0,2]",
    ],
    ["too few names", { channelNames: ["protein"] }, "2 channels need as many names"],
    ["too many colours", { channelColors: [0, 1, 2] }, "2 channels need as many names"],
    ["a pixel without size", { pixelSizeMicrons: 0 }, "a pixel of 0 micrometres"],
    ["a second ome", { attributes: { ome: {} } }, 'the attribute "ome"'],
  ])("%s", (_, change, message) => {
    expect(() => writeOmeZarr({ ...image, ...change })).toThrow(message);
  });
});

describe("labels", () => {
  const labels = {
    data: { dtype: "uint16", shape: [3, 5], data: Uint16Array.from({ length: 15 }, (_, i) => i % 4) },
    name: "nuclei",
  } as const;

  it("stand in the labels of the first image", async () => {
    const files = writeOmeZarr({ ...image, labels });
    const json = (path: string) => JSON.parse(new TextDecoder().decode(files.get(path))).attributes.ome;
    expect(json("0/labels/zarr.json").labels).toEqual(["nuclei"]);
    expect(json("0/labels/nuclei/zarr.json")).toMatchObject({
      "image-label": { source: { image: "../../" } },
      multiscales: [{ name: "nuclei" }],
    });
    const plane = await readPlane(files, "0/labels/nuclei/0");
    expect(plane).toMatchObject({ shape: [1, 3, 5], dtype: "uint16", data: labels.data.data });
    expect([...files.keys()].filter((path) => path.startsWith("1/labels"))).toEqual([]);
  });

  it("are refused where they are of another size", () => {
    const wrong = { ...labels, data: { ...labels.data, shape: [5, 3] } };
    expect(() => writeOmeZarr({ ...image, labels: wrong })).toThrow("labels are uint16 [5,3]");
  });
});
