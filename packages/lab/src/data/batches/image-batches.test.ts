import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop, fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { type CropPixels, openCropPixels } from "../atlas/crop-pixels.ts";
import { readImageData } from "../atlas/image-data.ts";
import { chooseCrops, createImageBatches, stackChannels } from "./image-batches.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let pixels: CropPixels;
beforeAll(async () => {
  atlas = await writeAtlas();
  pixels = await openCropPixels(atlas.path);
});
afterAll(() => atlas.remove());

const options = {
  ...{ batchSize: 6, compartmentBalance: 0.5, sourceBalance: 0, rules: [], validationCount: 4 },
  ...{ blendShare: { start: 0.5, end: 0 }, seed: 1, totalSteps: 10 },
};

describe("createImageBatches", () => {
  it("gives the same batch for a step, whatever was sampled before it", async () => {
    const { training } = await readImageData(atlas.path);
    const first = createImageBatches(training, pixels, options);
    const batches = [await first(0), await first(1), await first(2)];
    expect(await createImageBatches(training, pixels, options)(2)).toEqual(batches[2]);
    expect(batches[0]!.map(({ crop: { index } }) => index)).not.toEqual(
      batches[1]!.map(({ crop: { index } }) => index),
    );
  });

  it("turns images by all eight symmetries", async () => {
    const { training } = await readImageData(atlas.path);
    const sample = createImageBatches(training, pixels, options);
    const shown = (await Promise.all(Array.from({ length: 30 }, (_, step) => sample(step)))).flat();
    expect(new Set(shown.map(({ symmetry }) => symmetry)).size).toBe(8);
    const turned = shown.find(({ symmetry }) => symmetry === 4)!;
    const original = (await pixels.read(turned.crop.index)).data;
    expect(turned.image[1]).toBe(original[fixtureSide]);
  });

  it("refuses, before any step, crops of which none can be sampled, and crops that are not square", () => {
    expect(() => createImageBatches([], pixels, options)).toThrow(/crops\.csv has no crop to learn from/);
    const blurred = [crop({ quality: 0 })];
    expect(() => createImageBatches(blurred, pixels, options)).toThrow(/no crop to learn from/);
    const wide = { ...pixels, width: 20 };
    expect(() => createImageBatches([crop()], wide, options)).toThrow(/the crops are 20 x 16 pixels/);
  });
});

describe("simulated cells", () => {
  const symmetriesOf = async (turnsSimulated: boolean) => {
    const { training } = await readImageData(atlas.path);
    const simulated = training.map((one) => ({ ...one, source: "simulated" }));
    const sample = createImageBatches([...training, ...simulated], pixels, {
      ...{ ...options, turnsSimulated },
      simulatedShare: { start: 0.5, end: 0.5 },
    });
    const shown = (await Promise.all(Array.from({ length: 30 }, (_, step) => sample(step)))).flat();
    const count = (isSimulated: boolean) =>
      new Set(
        shown.flatMap(({ crop: { source }, symmetry }) =>
          (source === "simulated") === isSimulated ? [symmetry] : [],
        ),
      ).size;
    return { real: count(false), simulated: count(true) };
  };

  it("have random orientations like real ones, or one orientation each", async () => {
    expect(await symmetriesOf(true)).toEqual({ real: 8, simulated: 8 });
    expect(await symmetriesOf(false)).toEqual({ real: 8, simulated: 1 });
  });
});

describe("stackChannels", () => {
  it("takes the chosen channels of each image, in order", () => {
    const images = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
    const { shape, data } = stackChannels(images, 1, [2, 0]);
    expect(shape).toEqual([2, 2, 1, 1]);
    expect([...(data as Float32Array)]).toEqual([3, 1, 6, 4]);
  });
});

describe("chooseCrops", () => {
  it("takes compartments in turn, and no more crops than there are", () => {
    const crops = [
      ...Array.from({ length: 8 }, (_, index) => crop({ index })),
      crop({ index: 8, primary: "Golgi" }),
    ];
    const chosen = chooseCrops(crops, 4, 0);
    expect(chosen).toHaveLength(4);
    expect(chosen.filter(({ primary }) => primary === "Golgi")).toHaveLength(1);
    expect(chooseCrops(crops, 4, 0)).toEqual(chosen);
    expect(chooseCrops(crops, 100, 0)).toHaveLength(9);
  });
});
