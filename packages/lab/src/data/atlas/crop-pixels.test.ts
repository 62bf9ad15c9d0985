import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crop, fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { checkCropIndices, openCropPixels } from "./crop-pixels.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeEach(async () => {
  atlas = await writeAtlas();
});
afterEach(() => atlas.remove());

describe("openCropPixels", () => {
  it("gives protein and nucleus in [0, 1] and the signed distance in pixels", async () => {
    const pixels = await openCropPixels(atlas.path);
    const { data, height, width } = await pixels.read(0);
    expect([pixels.count, height, width]).toEqual([24, fixtureSide, fixtureSide]);
    const plane = fixtureSide ** 2;
    const centre = 8 * fixtureSide + 8;
    expect(data).toHaveLength(3 * plane);
    expect(data[centre]).toBeGreaterThan(0.7);
    expect(data[plane + centre]).toBeCloseTo(200 / 255, 6);
    expect(data[plane]).toBeCloseTo(10 / 255, 6);
    expect(data[2 * plane + centre]).toBeGreaterThan(2); // inside
    expect(data[2 * plane]).toBeLessThan(-5); // a corner
  });

  it("gives each row its own pixels, and the same row the same array", async () => {
    const pixels = await openCropPixels(atlas.path);
    const [nuclear, cytoplasmic, again] = await Promise.all([0, 1, 0].map((index) => pixels.read(index)));
    const centre = 8 * fixtureSide + 8;
    expect(nuclear!.data[centre]).toBeGreaterThan(0.7);
    expect(cytoplasmic!.data[centre]).toBeLessThan(0.3);
    expect(again).toBe(nuclear);
  });

  it("refuses a row that is not there", async () => {
    const pixels = await openCropPixels(atlas.path);
    expect(() => pixels.read(24)).toThrow(/names crop 24, crops_u8\.npy holds 24/);
  });

  it("are compared with the table of crops, which may name none that is not there", async () => {
    const pixels = await openCropPixels(atlas.path);
    expect(() => checkCropIndices([crop({ index: 0 }), crop({ index: 23 })], pixels)).not.toThrow();
    expect(() => checkCropIndices([crop({ index: 30 })], pixels)).toThrow(
      /crops\.csv names crop 30, crops_u8\.npy holds 24; give the two files of one atlas/,
    );
  });

  it("refuses pixels of another kind", async () => {
    const file = join(atlas.path, "crops_u8.npy");
    await writeFile(file, writeNpy({ dtype: "float32", shape: [1, 2, 2, 3], data: new Float32Array(12) }));
    await expect(openCropPixels(atlas.path)).rejects.toThrow(/holds float32 \[1,2,2,3\], not uint8/);
    await writeFile(file, writeNpy({ dtype: "uint8", shape: [3, 2, 2], data: new Uint8Array(12) }));
    await expect(openCropPixels(atlas.path)).rejects.toThrow(/not uint8 \[N, H, W, 3\]/);
  });

  it("refuses a file that is cut short", async () => {
    const whole = writeNpy({ dtype: "uint8", shape: [2, 2, 2, 3], data: new Uint8Array(24) });
    await writeFile(join(atlas.path, "crops_u8.npy"), whole.subarray(0, whole.length - 1));
    await expect(openCropPixels(atlas.path)).rejects.toMatchObject({ name: "FormatError" });
  });
});
