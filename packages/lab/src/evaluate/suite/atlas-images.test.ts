import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCropPixels } from "../../data/atlas/crop-pixels.ts";
import { readCrops } from "../../data/atlas/tables.ts";
import { cropRow, writeAtlas } from "../../testing/atlas-fixture.ts";
import { atlasImages } from "./atlas-images.ts";
import type { SetImage } from "./image-set.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
beforeAll(async () => {
  const crops = [0, 1, 2].map((index) => ({
    ...{ ...cropRow, index, FOV_id: `f${index}`, uniprot: index === 1 ? "P1" : "" },
  }));
  atlas = await writeAtlas({ crops });
});
afterAll(() => atlas.remove());

describe("the crops of an atlas as images", () => {
  it("are listed as they are read, and changed by what decodes them but for the distance", async () => {
    const { crops } = await readCrops(atlas.path);
    const pixels = await openCropPixels(atlas.path);
    const unseenCrops = crops.slice(2);
    const read = async (decode?: (image: Float32Array) => Promise<Float32Array>) => {
      const images: SetImage[] = [];
      const set = atlasImages("atlas", crops, { unseenCrops }, pixels, decode);
      for await (const image of set.read()) images.push(image);
      expect(images.map(({ id, protein }) => ({ id, protein }))).toEqual([...set.list!()]);
      return images;
    };
    const images = await read();
    expect(images.map(({ protein }) => protein)).toEqual(["f0", "P1", "f2"]);
    expect(images.map(({ real }) => real!.isUnseen)).toEqual([false, false, true]);
    const dark = await read(async (image) => image.map(() => 0));
    expect(dark[0]!.planes.protein.every((value) => value === 0)).toBe(true);
    expect(dark[0]!.planes.distance).toEqual(images[0]!.planes.distance);
  });
});
