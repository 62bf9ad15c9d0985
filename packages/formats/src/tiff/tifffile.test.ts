// Held against tifffile, the reference of this format: every file of fixtures/tiff-layouts.npz, which
// fixtures/make_tiff_layouts.py wrote, has the values that tifffile read, or is refused by name.

import { describe, expect, it } from "vitest";
import { readNpz } from "../arrays/npz.ts";
import { FormatError } from "../errors.ts";
import { joinPlanes } from "../image/array-stack.ts";
import { openImage } from "../image/open-image.ts";
import type { NdArray } from "../nd-array.ts";
import { readFixture } from "../testing/fixture.ts";

const entries = readNpz(readFixture("tiff-layouts.npz"));
const names = [...entries.keys()].filter((name) => !name.endsWith(".values"));
const bytesOf = (name: string) => entries.get(name)!.data as Uint8Array;

/** All planes, [T, Z, C, Y, X]. */
async function readAll(bytes: Uint8Array): Promise<NdArray> {
  const stack = await openImage(bytes);
  const { sizeT, sizeZ, sizeC, height, width } = stack;
  const planes: NdArray[] = [];
  for (let t = 0; t < sizeT; t++)
    for (let z = 0; z < sizeZ; z++)
      for (let c = 0; c < sizeC; c++) planes.push(await stack.readPlane({ c, z, t }));
  return { ...joinPlanes(planes), shape: [sizeT, sizeZ, sizeC, height, width] };
}

describe("a TIFF of any layout", () => {
  const read = names.filter((name) => entries.has(`${name}.values`));

  it("is there in at least 300 layouts", () => {
    expect(read.length).toBeGreaterThanOrEqual(300);
  });

  it.each(read)("has the values that tifffile reads: %s", async (name) => {
    const expected = entries.get(`${name}.values`)!;
    const { dtype, shape, data } = await readAll(bytesOf(name));
    expect({ dtype, shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
    expect(data).toEqual(expected.data);
  });

  it("is refused by name where it is not read, and these are the names", async () => {
    const refusals = new Map<string, string>();
    for (const name of names.filter((other) => !read.includes(other))) {
      const error = await readAll(bytesOf(name)).catch((reason: unknown) => reason);
      expect(error, name).toBeInstanceOf(FormatError);
      refusals.set(name, (error as FormatError).what.replace("the image: ", ""));
    }
    expect(Object.fromEntries(refusals)).toEqual({
      "compression jpeg": "JPEG compression is not read",
      "compression jpeg2000": "JPEG 2000 compression is not read",
      "compression webp": "WebP compression is not read",
      "compression png": "PNG compression is not read",
      "compression jpegxl": "JPEG XL compression is not read",
      "compression jpegxr": "JPEG XR compression is not read",
      "compression lerc": "LERC compression is not read",
      "compression lzma": "LZMA compression is not read",
      "compression group3": "CCITT group 3 fax compression is not read",
      "compression group4": "CCITT group 4 fax compression is not read",
      "compression tiff_ccitt": "CCITT run-length compression is not read",
      "complex samples c8": "complex samples of 64 bits are not read",
      "complex samples c16": "complex samples of 128 bits are not read",
      "17 bits": "unsigned samples of 17 bits are not read",
      "20 bits": "unsigned samples of 20 bits are not read",
      "24 bits": "unsigned samples of 24 bits are not read",
      "31 bits": "unsigned samples of 31 bits are not read",
      "float of 24 bits": "floating-point samples of 24 bits are not read",
      "mixed bits": "samples of different types in a pixel are not read",
      YCbCr: "YCbCr colours are not read",
      "a volume per page": "pages that hold a volume are not read",
      "a volume per page in strips": "pages that hold a volume are not read",
      "empty tile without data": "empty tiles that stand for a no-data value are not read",
      "an Olympus FluoView stack": "the channels and sections of an Olympus FluoView stack are not read",
      "a ScanImage stack": "the channels and sections of a ScanImage stack are not read",
      "two shaped images": "it describes 2 planes, but the file has 5 pages",
      "pages of two sizes": "its pages differ: one has 8 x 5 pixels of uint16, not 8 x 7 of uint16",
      "axes that are not known": "its axes CQ are not all known",
    });
  });
});
