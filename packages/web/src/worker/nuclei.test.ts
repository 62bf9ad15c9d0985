import { writeNpy, writeOmeTiff } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { readPainted, readUpload } from "./nuclei.ts";

const constants = {
  latentScale: 1,
  distanceScale: 1,
  pixelSizeMicrons: 0.8,
  cropPixels: 60,
  windowResidues: 10,
  stains: [],
};
const [width, height] = [120, 90];
const plane = (isNuclei: boolean) =>
  Uint16Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const isInside = (x - 60) ** 2 + (y - 45) ** 2 < 100;
    return isNuclei && isInside ? 30_000 + ((x * 7) % 40) : 400 + ((x + y) % 9);
  });
const twoChannels = (pixelSizeMicrons: number) =>
  writeOmeTiff({
    data: {
      ...{ dtype: "uint16", shape: [1, 2, height, width] },
      data: Uint16Array.from([...plane(false), ...plane(true)]),
    },
    ...{ channelNames: ["GFP", "DAPI"], channelColors: [1, 2], pixelSizeMicrons, name: "field" },
  });

describe("an uploaded image", () => {
  it("of several channels is described, and what is missing is asked", async () => {
    const { image, stored } = await readUpload("a.tif", twoChannels(0.8), {}, constants);
    expect(image).toMatchObject({ channel: null, bitDepth: 16, pixelSizeMicrometers: 0.8, field: null });
    expect(image.channels.map(({ name }) => name)).toEqual(["GFP", "DAPI"]);
    expect(image.question).toContain("channel");
    expect(stored).toEqual([]);
  });

  it("gives its nuclei with their crops, borders and ids by the content of the file", async () => {
    const bytes = twoChannels(0.8);
    const { image, stored } = await readUpload("a.tif", bytes, { channel: 1 }, constants);
    expect(image.question).toBeNull();
    expect(image.nuclei).toHaveLength(1);
    expect(image.nuclei[0]!.id).toMatch(/^upload:[0-9a-f]{16}:0$/);
    expect(image.field!.borders.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(30);
    expect(stored[0]!.nucleus.distance).toHaveLength(60 * 60);
    expect(stored[0]!.nucleus.distance[30 * 60 + 30]).toBeGreaterThan(5);
    expect((await readUpload("b.tif", bytes, { channel: 1 }, constants)).image.nuclei[0]!.id).toBe(
      image.nuclei[0]!.id,
    );
  });

  it("without a pixel size is asked for it, and read at the one that is given", async () => {
    const bytes = writeNpy({ dtype: "uint16", shape: [height, width], data: plane(true) });
    const { image } = await readUpload("a.npy", bytes, {}, constants);
    expect(image.question).toContain("pixels");
    const given = await readUpload("a.npy", bytes, { pixelSizeMicrometers: 0.8 }, constants);
    expect(given.image.nuclei).toHaveLength(1);
  });

  it("that is none is refused with what to do", async () => {
    const jpeg = new Uint8Array(100);
    jpeg.set([0xff, 0xd8, 0xff, 0xe0]);
    await expect(readUpload("a.jpg", jpeg, {}, constants)).rejects.toThrow("JPEG");
  });
});

describe("a painted nucleus", () => {
  const mask = new Uint8Array(3600).map((_, at) =>
    ((at % 60) - 30) ** 2 + (Math.floor(at / 60) - 30) ** 2 < 144 ? 1 : 0,
  );

  it("has the distance to its own border", async () => {
    const { image, stored } = await readPainted(mask, 60, 60, constants);
    const { distance } = stored[0]!.nucleus;
    expect(distance[30 * 60 + 30]).toBeCloseTo(12, 0);
    expect(distance[0]).toBeLessThan(-20);
    expect(image.nuclei[0]!.title).toBe("Painted nucleus");
  });

  it("is refused where nothing is painted or the size is another", async () => {
    await expect(readPainted(new Uint8Array(3600), 60, 60, constants)).rejects.toThrow("nothing is painted");
    await expect(readPainted(mask, 30, 120, constants)).rejects.toThrow("60 x 60");
  });
});
