import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  crop,
  cropRow,
  fixtureSide,
  localisationRow,
  proteinRow,
  writeAtlas,
} from "../../testing/atlas-fixture.ts";
import { type CropPixels, openCropPixels } from "../atlas/crop-pixels.ts";
import { measureImages } from "../atlas/image-statistics.ts";
import { chooseCrops, createImageBatches, readImageData, stackChannels } from "./image-batches.ts";

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

describe("readImageData", () => {
  it("keeps apart what is learned from and what is not", async () => {
    const { training, validation, proteins } = await readImageData(atlas.path);
    expect(training).toHaveLength(16);
    expect(validation).toHaveLength(8);
    expect(proteins).toHaveLength(12);
  });

  it("keeps held-out proteins, their images and blends out of training and validation", async () => {
    const row = (index: number, changes: object) => ({ ...cropRow, index, ...changes });
    const held = await writeAtlas({
      crops: [
        row(0, { uniprot: "P0" }),
        row(1, { uniprot: "P1" }),
        row(2, { uniprot: "P1", split_image: "val" }),
        row(3, { split_image: "val", synthetic_mix: 1 }),
        row(4, { split_image: "val" }),
      ],
      proteins: [
        proteinRow,
        { ...proteinRow, id: "OC_P1", ensg: "E1", uniprot: "P1", cluster: 1, sequence: "MA" },
      ],
      localisation: [{ ...localisationRow, accession: "P1", partition: "4.0", sequence: "MA" }],
    });
    const { training, validation, proteins } = await readImageData(held.path);
    await held.remove();
    expect(training.map(({ index }) => index)).toEqual([0]);
    expect(validation.map(({ index }) => index)).toEqual([4]);
    expect(proteins.map(({ uniprot }) => uniprot)).toEqual(["P0"]);
  });
});

describe("createImageBatches", () => {
  it("gives the batch of a step whatever was asked before it", async () => {
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
    const draw = createImageBatches(training, pixels, options);
    const shown = (await Promise.all(Array.from({ length: 30 }, (_, step) => draw(step)))).flat();
    expect(new Set(shown.map(({ symmetry }) => symmetry)).size).toBe(8);
    const turned = shown.find(({ symmetry }) => symmetry === 4)!;
    const original = (await pixels.read(turned.crop.index)).data;
    expect(turned.image[1]).toBe(original[fixtureSide]);
  });
});

describe("simulated cells", () => {
  const drawn = async (turnsSimulated: boolean) => {
    const { training } = await readImageData(atlas.path);
    const simulated = training.map((one) => ({ ...one, source: "simulated" }));
    const draw = createImageBatches([...training, ...simulated], pixels, {
      ...{ ...options, turnsSimulated },
      simulatedShare: { start: 0.5, end: 0.5 },
    });
    const shown = (await Promise.all(Array.from({ length: 30 }, (_, step) => draw(step)))).flat();
    const symmetries = (isSimulated: boolean) =>
      new Set(
        shown.flatMap(({ crop: { source }, symmetry }) =>
          (source === "simulated") === isSimulated ? [symmetry] : [],
        ),
      ).size;
    return { real: symmetries(false), simulated: symmetries(true) };
  };

  it("are turned like real ones, or all in one orientation", async () => {
    expect(await drawn(true)).toEqual({ real: 8, simulated: 8 });
    expect(await drawn(false)).toEqual({ real: 8, simulated: 1 });
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
  it("takes compartments in turn, and no more than there are", () => {
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

describe("measureImages", () => {
  it("measures the spread of the distance and of intensities, over real cells alone", async () => {
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
    const { distanceScale, imageVariance } = await measureImages(crops, pixels);
    expect(distanceScale).toBeCloseTo(Math.sqrt(distance!), 4);
    expect(imageVariance).toBeCloseTo((protein! + nucleus!) / 2, 5);
  });

  it("refuses to measure nothing", async () => {
    await expect(measureImages([crop({ isBlend: true })], pixels)).rejects.toThrow(/no real cells/);
  });
});
