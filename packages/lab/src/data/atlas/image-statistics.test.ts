import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop, fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { type CropPixels, openCropPixels } from "./crop-pixels.ts";
import { measureImages } from "./image-statistics.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let pixels: CropPixels;
beforeAll(async () => {
  atlas = await writeAtlas();
  pixels = await openCropPixels(atlas.path);
});
afterAll(() => atlas.remove());

describe("measureImages", () => {
  it("gives the spread of the distance and of the intensities, over real cells alone", async () => {
    const plane = fixtureSide ** 2;
    const { data } = await pixels.read(0);
    const variance = (values: Float32Array) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    };
    const [protein, nucleus, distance] = [0, 1, 2].map((channel) =>
      variance(data.subarray(channel * plane, (channel + 1) * plane)),
    );
    const crops = [crop({ index: 0 }), crop({ index: 1, isBlend: true })];
    const read: unknown[] = [];
    const onRead = (...args: unknown[]) => read.push(args);
    const { distanceScale, imageVariance } = await measureImages(crops, pixels, onRead);
    expect(read).toEqual([[1, 1, "crops"]]);
    expect(distanceScale).toBeCloseTo(Math.sqrt(distance!), 4);
    expect(imageVariance).toBeCloseTo((protein! + nucleus!) / 2, 5);
  });

  it("refuses crops without a real cell", async () => {
    await expect(measureImages([crop({ isBlend: true })], pixels)).rejects.toThrow(
      /no training crop of a single real cell/,
    );
  });
});
