import type { ImageStack } from "@proteoscope/formats";
import { fieldOfDiscs } from "@proteoscope/imaging/testing";
import { describe, expect, it } from "vitest";
import { nucleiOfImage } from "./nuclei.ts";

const constants = {
  ...{ pixelSizeMicrons: 0.8, cropPixels: 40 },
  ...{ latentScale: 1, distanceScale: 1, windowResidues: 24, stains: [] },
};
const size = { height: 150, width: 200 };
const two = fieldOfDiscs(size, [
  { x: 50, y: 60, radius: 18, brightness: 900 },
  { x: 130, y: 90, radius: 18, brightness: 700 },
]);
const stack: ImageStack = {
  ...{ ...size, sizeC: 2, sizeZ: 1, sizeT: 1, bitDepth: 32, pixelSizeMicrons: 0.4 },
  channelNames: ["GFP", "DAPI"],
  series: { index: 1, count: 3 },
  readPlane: ({ c }) => ({
    ...{ dtype: "float32", shape: [150, 200], data: c === 1 ? two : new Float32Array(30_000) },
  }),
};
const origin = { image: "field.tif", sha256: () => "abc" };

describe("nucleiOfImage", () => {
  it("gives each nucleus the record of its file and of its plane", async () => {
    const nuclei = await nucleiOfImage(stack, origin, constants, { nucleusChannel: "DAPI" });
    expect(nuclei.map(({ label }) => label)).toEqual(["nucleus0", "nucleus1"]);
    expect(nuclei[1]).toMatchObject({
      pixelSizeMicrons: 0.8,
      choice: "channel 1 (DAPI), image 1 (of 3)",
      origin: {
        ...{ image: "field.tif", sha256: "abc", imageInFile: 1, imagesInFile: 3, channel: 1, channels: 2 },
        ...{ channelName: "DAPI", zPolicy: "only plane", z: 0, planesOfZ: 1, time: 0, times: 1 },
        ...{ sourcePixelSizeMicrons: 0.4, emptyFraction: 0, nucleus: 1, nucleiInImage: 2 },
      },
    });
    expect(JSON.parse(JSON.stringify(nuclei[1]!.origin))).toEqual(nuclei[1]!.origin);
  });

  it("takes as many nuclei as are asked for, with the labels that they have among all", async () => {
    const nuclei = await nucleiOfImage(stack, origin, constants, { nucleusChannel: 1, maxNuclei: 1 });
    expect(nuclei.map(({ label, origin: { nucleiInImage } }) => [label, nucleiInImage])).toEqual([
      ["nucleus0", 2],
    ]);
  });

  it("asks for the digest when the plane is read, as that of a folder is known then alone", async () => {
    let read = 0;
    const counting: ImageStack = {
      ...stack,
      readPlane: (index) => {
        read++;
        return stack.readPlane(index);
      },
    };
    const late = { image: "field.zarr", sha256: () => `after ${read}` };
    const [nucleus] = await nucleiOfImage(counting, late, constants, { nucleusChannel: 1 });
    expect(nucleus!.origin.sha256).toBe("after 1");
  });

  it("says nothing of a choice where the image has one plane", async () => {
    const plain = {
      ...stack,
      sizeC: 1,
      series: { index: 0, count: 1 },
      readPlane: () => stack.readPlane({ c: 1, z: 0, t: 0 }),
    };
    const [nucleus] = await nucleiOfImage(plain, origin, constants);
    expect(nucleus).not.toHaveProperty("choice");
  });

  it("names the field of a request that is at fault", async () => {
    const error = { name: "NucleusError", field: "nucleusChannel" };
    await expect(nucleiOfImage(stack, origin, constants)).rejects.toMatchObject(error);
    await expect(nucleiOfImage(stack, origin, constants, { nucleusChannel: 0 })).rejects.toMatchObject(error);
    await expect(
      nucleiOfImage(stack, origin, constants, { nucleusChannel: 1, nucleusTime: 1 }),
    ).rejects.toMatchObject({ field: "nucleusTime" });
  });
});
