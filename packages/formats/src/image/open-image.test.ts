import { describe, expect, it } from "vitest";
import { writeNpy } from "../arrays/npy.ts";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { joinPlanes } from "./array-stack.ts";
import { openImage } from "./open-image.ts";

const bytesOfShape = (shape: number[]): NdArray => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { dtype: "uint8", shape, data: Uint8Array.from({ length }, (_, i) => i) };
};

async function readAll(bytes: Uint8Array) {
  const stack = await openImage(bytes);
  const planes = await Promise.all(
    Array.from({ length: stack.sizeC }, async (_, c) => stack.readPlane({ c, z: 0, t: 0 })),
  );
  return { ...stack, planes: joinPlanes(planes) };
}

describe("openImage", () => {
  it("reads a 16-bit PNG", async () => {
    const image = await readAll(readFixture("grey16.png"));
    expect(image).toMatchObject({ width: 5, height: 4, sizeC: 1, sizeZ: 1, sizeT: 1, bitDepth: 16 });
    expect([image.planes.dtype, image.planes.shape, image.planes.data[6]]).toEqual([
      "uint16",
      [1, 4, 5],
      17 * 700,
    ]);
  });

  it("separates the channels of a colour PNG", async () => {
    const { planes, sizeC, channelNames } = await readAll(readFixture("rgba8.png"));
    expect(channelNames).toEqual(["red", "green", "blue", "alpha"]);
    expect([sizeC, planes.shape]).toEqual([4, [4, 4, 5]]);
    expect(Array.from(planes.data.subarray(60) as Uint8Array)).toEqual(Array(20).fill(200));
    expect([planes.data[6], planes.data[26]]).toEqual([17, 255 - 17]);
  });

  it("reads a TIFF with its channels and its pixel size", async () => {
    const image = await readAll(readFixture("tifffile.ome.tif"));
    expect(image).toMatchObject({ width: 40, height: 24, sizeC: 3, bitDepth: 16 });
    expect(image.pixelSizeMicrons).toBeCloseTo(0.208, 6);
  });

  it.each<[number[], number[], number[]]>([
    [
      [2, 3],
      [1, 2, 3],
      [0, 1, 2, 3, 4, 5],
    ],
    [
      [2, 1, 3],
      [2, 1, 3],
      [0, 1, 2, 3, 4, 5],
    ],
    [
      [20, 1, 2],
      [2, 20, 1],
      [...Array(20).keys()].map((i) => 2 * i).concat([...Array(20).keys()].map((i) => 2 * i + 1)),
    ],
  ])("reads an array %j as planes %j", async (shape, planeShape, values) => {
    const { planes } = await readAll(writeNpy(bytesOfShape(shape)));
    expect([planes.shape, Array.from(planes.data as Uint8Array)]).toEqual([planeShape, values]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      "an empty file",
      new Uint8Array(0),
      /image: cell.x: a file of 0 bytes is no picture; give a PNG, a TIFF, a .npy file/,
    ],
    ["three bytes", Uint8Array.of(1, 2, 3), /a file of 3 bytes is no picture/],
    ["three bytes of a PNG", Uint8Array.of(0x89, 0x50, 0x4e), /a file of 3 bytes is no picture/],
    ["text", new TextEncoder().encode(">P12345\nMKV\n"), /of no known kind .*give a PNG/],
    [
      "a JPEG",
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70),
      /a JPEG file is not read .*save the original as PNG or TIFF/,
    ],
    [
      "a CZI",
      new TextEncoder().encode("ZISRAWFILE......"),
      /Zeiss CZI file is not read .*export it as OME-TIFF/,
    ],
    ["an .npz", readFixture("stored.npz"), /a zip archive is not read .*save one array as .npy/],
    [
      "a stack of pictures",
      writeNpy(bytesOfShape([2, 2, 2, 2])),
      /npy: cell.x: an array \[2,2,2,2\] is no picture/,
    ],
    ["a vector", writeNpy(bytesOfShape([9])), /is no picture; give one picture/],
    ["a volume", writeNpy(bytesOfShape([17, 2, 17])), /too many channels/],
    ["an array without pixels", writeNpy(bytesOfShape([0, 5])), /has no pixels/],
    ["a damaged PNG", readFixture("grey8.png").subarray(0, 40), /png: cell.x: .*fetch or write it again/],
  ])("refuses %s and names the file", async (_, bytes, message) => {
    await expect(openImage(bytes, { name: "cell.x" })).rejects.toThrow(FormatError);
    await expect(openImage(bytes, { name: "cell.x" })).rejects.toThrow(message);
  });

  it.each(["grey16.png", "f4.npy"])("refuses a second image of %s, which has one", async (name) => {
    const bytes = readFixture(name);
    expect((await openImage(bytes, { series: 0 })).series.count).toBe(1);
    await expect(openImage(bytes, { name: "cell.x", series: 1 })).rejects.toThrow(
      /cell.x: there is no image 1/,
    );
  });

  it.each(["grey8.png", "tiles.tif", "f4.npy"])(
    "reads or refuses each of 500 damaged copies of %s",
    async (name) => {
      const outcome = await readMutated(readFixture(name), 500, readAll);
      expect(outcome.refused).toBeGreaterThan(100);
    },
  );
});
