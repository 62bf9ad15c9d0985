import { readNpy, readPng, readTiff } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import type { GeneratedImages } from "../image/generate.ts";
import { encodeFiles, renderSheet } from "./encode-files.ts";
import { type ImageFormat, imageFormats } from "./formats.ts";
import type { GeneratedCell } from "./generate.ts";

const [height, width] = [30, 40];
const area = height * width;
const provenance = { synthetic: true, protein: { description: "β-actin, “quoted”" }, seed: 7 };
const images = Float32Array.from({ length: 2 * 2 * area }, (_, i) => (i % 101) / 100);
const generated: GeneratedImages = {
  ...{ images, height, width, agreement: 0.5, medoid: 1 },
  classified: [
    { nucleus: 0.25, other: 0.75 },
    { nucleus: 0.5, other: 0.5 },
  ],
  compartments: { nucleus: 0.375, other: 0.625 },
};
const nucleus = Float32Array.from({ length: area }, (_, i) => (i % 7) / 7);
const cell = {
  ...{ name: "FBL", images: generated, nucleus, pixelSizeMicrons: 0.4126 },
  provenance: provenance as unknown as GeneratedCell["provenance"],
};
const plane = (index: number) => images.subarray(index * area, (index + 1) * area);

function write(...formats: ImageFormat[]) {
  const files = encodeFiles(cell, formats);
  return { names: [...new Set([...files.keys()].map((path) => path.split("/")[0]))], files };
}

describe("encodeFiles", () => {
  it("says synthetic in the name of everything it writes", async () => {
    const { names, files } = write(...imageFormats);
    expect(names).toEqual([
      ...[
        "FBL_sample0_synthetic.png",
        "FBL_sample0_protein_synthetic.png",
        "FBL_sample0_nucleus_synthetic.png",
      ],
      ...[
        "FBL_sample1_synthetic.png",
        "FBL_sample1_protein_synthetic.png",
        "FBL_sample1_nucleus_synthetic.png",
      ],
      ...["FBL_synthetic.png", "FBL_synthetic.ome.tiff", "FBL_synthetic.ome.zarr", "FBL_synthetic.npy"],
      "FBL_provenance.json",
    ]);
    for (const name of files.keys()) expect(name).toMatch(/synthetic|^FBL_provenance\.json$/);
    expect(write("npy").names).toEqual(["FBL_synthetic.npy", "FBL_provenance.json"]);
  });

  it("writes raw channels as 16-bit grey and composites as RGB, with the provenance in their text", async () => {
    const { files } = write("png");
    const protein = readPng(files.get("FBL_sample1_protein_synthetic.png")!);
    expect(protein).toMatchObject({ width, height, channels: 1, depth: 16 });
    expect(protein.data).toEqual(Uint16Array.from(plane(2), (value) => Math.round(value * 65535)));
    const generated = readPng(files.get("FBL_sample1_nucleus_synthetic.png")!);
    expect(generated.data).toEqual(Uint16Array.from(plane(3), (value) => Math.round(value * 65535)));
    expect(readPng(files.get("FBL_sample0_synthetic.png")!)).toMatchObject({
      width,
      height,
      channels: 3,
      depth: 8,
    });
    for (const [path, bytes] of files) {
      if (path === "FBL_provenance.json") continue;
      const { text } = readPng(bytes);
      expect(text).toMatchObject({ Software: "proteoscope", synthetic: "true" });
      expect(JSON.parse(text.provenance!)).toEqual(provenance);
    }
  });

  it("writes an OME-TIFF with pixel size, channel names and provenance", async () => {
    const { files } = write("ome-tiff");
    const { planes, pixelSizeMicrons, description } = readTiff(files.get("FBL_synthetic.ome.tiff")!);
    expect(pixelSizeMicrons).toBe(0.4126);
    expect(planes).toMatchObject({ dtype: "float32", shape: [6, height, width] });
    const stack = [plane(0), nucleus, plane(1), plane(2), nucleus, plane(3)];
    stack.forEach((values, index) => {
      expect(planes.data.slice(index * area, (index + 1) * area)).toEqual(values.slice());
    });
    for (const name of ["protein (synthetic)", "nucleus (input)", "nucleus (synthetic)"])
      expect(description).toContain(`Name="${name}"`);
    expect(description).toContain("Synthetic: protein channel generated");
    expect(description).toContain('<M K="synthetic">true</M>');
  });

  it("writes an OME-Zarr with one image per sample, with the provenance in its attributes", async () => {
    const { files } = write("ome-zarr");
    const json = (path: string) =>
      JSON.parse(new TextDecoder().decode(files.get(`FBL_synthetic.ome.zarr/${path}`)));
    expect(json("zarr.json").attributes).toMatchObject({ synthetic: true, provenance });
    expect(json("OME/zarr.json").attributes.ome.series).toEqual(["0", "1"]);
    expect(json("1/zarr.json").attributes.ome.omero.channels[0].label).toBe("protein (synthetic)");
    const values = new Float32Array(files.get("FBL_synthetic.ome.zarr/1/0/c/0/0/0")!.buffer);
    expect(values.slice(0, area)).toEqual(plane(2).slice());
  });

  it("writes the stack as an array", async () => {
    const { files } = write("npy");
    expect(readNpy(files.get("FBL_synthetic.npy")!)).toMatchObject({
      dtype: "float32",
      shape: [2, 3, height, width],
    });
  });
});

describe("renderSheet", () => {
  it("puts enlarged samples side by side and marks each as synthetic", () => {
    const sheet = renderSheet(cell);
    expect(sheet.width).toBe(2 * (2 * width) + 3 * 6);
    expect(sheet.height).toBe(2 * height + 2 * 6);
    const white = (x0: number) => {
      let count = 0;
      for (let y = 0; y < sheet.height; y++)
        for (let x = x0; x < x0 + 2 * width; x++)
          if (
            sheet.data.slice(3 * (y * sheet.width + x), 3 * (y * sheet.width + x) + 3).every((v) => v === 255)
          )
            count++;
      return count;
    };
    expect(white(6)).toBeGreaterThan(60);
    expect(white(6 + 2 * width + 6)).toBeGreaterThan(60);
  });
});
