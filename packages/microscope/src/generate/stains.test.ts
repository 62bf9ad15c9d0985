import type { ImageStack } from "@proteoscope/formats";
import { fieldOfDiscs } from "@proteoscope/imaging/testing";
import { describe, expect, it } from "vitest";
import { chooseNucleus, fieldOfImage } from "./nuclei.ts";
import { addStains, type StainImage } from "./stains.ts";

const constants = {
  ...{ pixelSizeMicrons: 0.8, cropPixels: 40 },
  ...{ latentScale: 1, distanceScale: 1, windowResidues: 24, stains: [] },
};
const [height, width] = [150, 200];
const discs = fieldOfDiscs({ height, width }, [
  { x: 50, y: 60, radius: 18, brightness: 900 },
  { x: 130, y: 90, radius: 18, brightness: 700 },
]);
/** Brighter to the right. */
const ramp = Float32Array.from({ length: height * width }, (_, i) => 100 + (i % width));

const stackOf = (planes: readonly Float32Array[], size = { height, width }): ImageStack => ({
  ...{ ...size, sizeC: planes.length, sizeZ: 1, sizeT: 1, bitDepth: 32, pixelSizeMicrons: 0.4 },
  channelNames: planes.map((_, index) => `c${index}`),
  series: { index: 0, count: 1 },
  readPlane: ({ c }) => ({ dtype: "float32", shape: [size.height, size.width], data: planes[c]! }),
});
const origin = { image: "er.tif", sha256: "def" };
const image = (changes: Partial<StainImage> = {}): StainImage => ({
  ...{ stain: "er", stack: stackOf([ramp]), origin },
  ...changes,
});
const field = await fieldOfImage(stackOf([discs]), { image: "field.tif", sha256: () => "abc" }, constants);

describe("addStains", () => {
  it("cuts the stain with each nucleus, scaled by the percentiles of the field, and names its origin", async () => {
    const stained = await addStains(field, [image()]);
    const [left, right] = [0, 1].map((index) => chooseNucleus(stained, index, 2));
    const meanOf = (plane: Float32Array) => plane.reduce((sum, value) => sum + value, 0) / plane.length;
    expect(left!.stains!.er).toHaveLength(1600);
    // The ramp is 0 to 1 over 200 pixels of 0.4 micrometres; the nuclei are at 50 and 130 of them.
    expect(meanOf(left!.stains!.er!)).toBeCloseTo(0.25, 1);
    expect(meanOf(right!.stains!.er!)).toBeCloseTo(0.65, 1);
    expect(left!.stains!.microtubules).toBeUndefined();
    expect(left!.origin.stains).toEqual({
      er: { ...origin, intensityLimits: { low: expect.closeTo(102.5, 0), high: expect.closeTo(298.6, 0) } },
    });
    expect(left!.nucleus).toEqual(chooseNucleus(field, 0, 2).nucleus);
  });

  it("takes a channel by its number or name", async () => {
    const two = stackOf([discs, ramp]);
    const [byName, byNumber] = await Promise.all(
      ["c1", 1].map((channel) => addStains(field, [image({ stack: two, channel })])),
    );
    expect(byName!.stains).toEqual(byNumber!.stains);
    await expect(addStains(field, [image({ stack: two, channel: "c9" })])).rejects.toMatchObject({
      field: "stains",
      message: expect.stringMatching(/^the stain er .*c9/),
    });
  });

  it.each([
    [
      "another field",
      { stack: stackOf([ramp.subarray(0, 100)], { height: 10, width: 10 }) },
      /10x10 pixels, .* 200x150/,
    ],
    ["nothing", { stack: stackOf([ramp.map(() => 7)]) }, /is empty: its values are all about 7/],
    ["no numbers", { stack: stackOf([ramp.map(() => Number.NaN)]) }, /values that are no numbers/],
  ])("refuses a picture of %s", async (_, changes, message) => {
    await expect(addStains(field, [image(changes)])).rejects.toThrow(message);
  });

  it("changes nothing where there are none", async () => {
    expect(await addStains(field, [])).toBe(field);
    expect(chooseNucleus(field, 0, 2).stains).toBeUndefined();
  });
});
