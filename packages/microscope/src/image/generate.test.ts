import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { nuclearDistance } from "@proteoscope/imaging";
import { disc } from "@proteoscope/imaging/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samplerNames } from "../generate/formats.ts";
import { readModel } from "../model/read-model.ts";
import type { EncodedProtein } from "../protein/encoder.ts";
import { randomModelFiles } from "../testing/tiny-model.ts";
import {
  type GenerateOptions,
  type ImagePreview,
  type Microscope,
  mostSteps,
  openMicroscope,
} from "./generate.ts";

const size = { height: 40, width: 40 };
const small = nuclearDistance(disc(size, 20, 20, 6), size);
const large = nuclearDistance(disc(size, 20, 20, 12), size);
const quick: GenerateOptions = { samples: 2, steps: 3 };

let runtime: Runtime;
let microscope: Microscope;
let protein: EncodedProtein;
let other: EncodedProtein;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  microscope = openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles())));
  protein = await microscope.encode("MKTAYIAKQRQISFVK");
  other = await microscope.encode("WWWWGGGGPPPPDDDD");
});
afterAll(async () => {
  await microscope.close();
  await runtime.close();
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("a preview", () => {
  it("comes every few steps, of the first image of each batch, and changes nothing", async () => {
    const previews: ImagePreview[] = [];
    const order: string[] = [];
    const options = { samples: 3, steps: 7, batchSize: 2, previewEvery: 3 };
    const onPreview = async (preview: ImagePreview) => {
      order.push("begins");
      await new Promise((resolve) => setTimeout(resolve, 5));
      previews.push(preview);
      order.push("ends");
    };
    const cells = [
      { distance: small, seed: 1 },
      { distance: large, seed: 2 },
    ];
    const shown = await microscope.generateCells(protein, cells, { ...options, onPreview });
    expect(await microscope.generateCells(protein, cells, options)).toEqual(shown);
    expect(previews.map(({ cell, sample, step, steps }) => [cell, sample, step, steps])).toEqual([
      ...[
        [0, 0, 3, 7],
        [0, 0, 6, 7],
        [0, 2, 3, 7],
        [0, 2, 6, 7],
      ],
      ...[
        [1, 1, 3, 7],
        [1, 1, 6, 7],
      ],
    ]);
    expect(order).toEqual(previews.flatMap(() => ["begins", "ends"])); // the next step waits
    for (const { image, height, width } of previews) {
      expect([image.length, height, width]).toEqual([2 * 40 * 40, 40, 40]);
      expect(image.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
  });

  it("comes nearer to the image with every step", async () => {
    const previews: ImagePreview[] = [];
    const onPreview = (preview: ImagePreview) => void previews.push(preview);
    const options = { samples: 1, steps: 20, seed: 3 };
    const { images } = await microscope.generate(protein, small, { ...options, onPreview });
    expect(previews.map(({ step }) => step)).toEqual([5, 10, 15]); // every five by default; the last is the image
    const [first, , last] = previews.map(({ image }) => largestDifference(image, images));
    expect(last!).toBeLessThan(first!);
  });
});

describe("encoding a protein", () => {
  it("gives a condition of every token and a probability of every compartment", () => {
    expect(protein.condition).toHaveLength(18 * 16); // <cls>, 16 residues, <eos>
    expect(protein.width).toBe(16);
    expect(Object.keys(protein.probabilities)).toEqual(["nucleus", "cytosol", "golgi_apparatus"]);
    for (const p of Object.values(protein.probabilities)) expect(p > 0 && p < 1).toBe(true);
    expect(protein.window).toEqual({ sequence: protein.sequence, omitted: undefined });
  });

  it("shows both ends of a long protein and says what is left out", async () => {
    const long = await microscope.encode(`${"M".repeat(12)}${"A".repeat(100)}${"K".repeat(12)}`);
    expect(long.window).toEqual({
      sequence: `${"M".repeat(12)}${"K".repeat(12)}`,
      omitted: { begin: 12, end: 112 },
    });
    expect(long.condition).toHaveLength(26 * 16);
    const ends = await microscope.encode(`${"M".repeat(12)}${"K".repeat(12)}`);
    expect(long.probabilities).toEqual(ends.probabilities);
  });

  it("refuses a residue that the language model does not know", async () => {
    await expect(microscope.encode("MKJT")).rejects.toMatchObject({ name: "SequenceError", position: 3 });
  });
});

describe("generating a protein of several compartments", () => {
  it("shows one of them in each image, as that one alone is generated", async () => {
    const knownTargets = [
      { compartment: "nucleus", share: 0.6, condition: protein.condition },
      { compartment: "cytosol", share: 0.4, condition: other.condition },
    ];
    const steps: number[] = [];
    const options: GenerateOptions = { samples: 3, steps: 3, sampler: "ddpm", seed: 5 };
    const onStep = (done: number, total: number) => void steps.push(done / total);
    const cells = [
      { distance: small, seed: 5 },
      { distance: large, seed: 9 },
    ];
    const mixed = await microscope.generateCells({ ...protein, knownTargets }, cells, { ...options, onStep });
    const [first, second] = await Promise.all(
      [protein, other].map((one) => microscope.generateCells(one, cells, options)),
    );
    const area = 2 * 40 * 40;
    for (const cell of [0, 1])
      for (const [sample, expected] of [first, second, first].entries()) {
        const of = ({ images }: { images: Float32Array }) =>
          images.subarray(sample * area, (sample + 1) * area);
        expect(largestDifference(of(mixed[cell]!), of(expected![cell]!))).toBeLessThan(1e-4);
      }
    expect(largestDifference(first![0]!.images, second![0]!.images)).toBeGreaterThan(1e-3);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
  });
});

describe("generating", () => {
  it("gives protein and nucleus of every sample in [0, 1], and their classification", async () => {
    const drawing = await microscope.generate(protein, small, { ...quick, samples: 3 });
    expect(drawing).toMatchObject(size);
    expect(drawing.images).toHaveLength(3 * 2 * 40 * 40);
    for (const value of drawing.images) expect(value >= 0 && value <= 1).toBe(true);
    expect(new Set(drawing.images).size).toBeGreaterThan(1000);
    expect(drawing.classified).toHaveLength(3);
    for (const classified of drawing.classified) {
      expect(Object.keys(classified)).toEqual(["nucleus", "cytosol", "other"]);
      expect(Object.values(classified).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    }
    const mean = drawing.classified.reduce((sum, classified) => sum + classified.cytosol!, 0) / 3;
    expect(drawing.compartments.cytosol).toBeCloseTo(mean, 6);
    expect(drawing.agreement).toBeGreaterThanOrEqual(0);
    expect([0, 1, 2]).toContain(drawing.medoid);
  });

  it("gives the same images for the same seed and others for another", async () => {
    const first = await microscope.generate(protein, small, { ...quick, seed: 7 });
    const again = await microscope.generate(protein, small, { ...quick, seed: 7 });
    const another = await microscope.generate(protein, small, { ...quick, seed: 8 });
    expect(again.images).toEqual(first.images);
    expect(largestDifference(another.images, first.images)).toBeGreaterThan(0.01);
  });

  it("generates the same sample whatever its batch holds", async () => {
    const five = await microscope.generate(protein, small, { ...quick, samples: 5 }); // a batch of 4 and one of 1
    const two = await microscope.generate(protein, small, { ...quick, samples: 2 });
    const plane = 2 * 40 * 40;
    expect(largestDifference(five.images.slice(0, 2 * plane), two.images)).toBeLessThan(1e-5);
    expect(five.classified).toHaveLength(5);
    const [last, first] = [five.images.slice(4 * plane), five.images.slice(0, plane)];
    expect(largestDifference(last, first)).toBeGreaterThan(0.01);
  });

  it("generates several cells at once as it generates each", async () => {
    const large = small.map((value) => value + 2);
    const cells = [
      { distance: small, seed: 7 },
      { distance: large, seed: 8 },
    ];
    const [first, second] = await microscope.generateCells(protein, cells, { ...quick, samples: 2 });
    const alone = await microscope.generate(protein, large, { ...quick, samples: 2, seed: 8 });
    expect(largestDifference(second!.images, alone.images)).toBeLessThan(1e-5);
    expect(second!.agreement).toBeCloseTo(alone.agreement!, 3);
    expect(first!.images).toHaveLength(second!.images.length);
    expect(largestDifference(first!.images, second!.images)).toBeGreaterThan(0.01);
    expect(await microscope.generateCells(protein, [], quick)).toEqual([]);
  });

  it("says nothing of agreement for a single sample", async () => {
    const { agreement, medoid } = await microscope.generate(protein, small, { ...quick, samples: 1 });
    expect(agreement).toBeNull();
    expect(medoid).toBe(0);
  });

  it("depends on the sequence, more with more guidance, and not at all without", async () => {
    const difference = async (guidance: number) => {
      const [a, b] = await Promise.all(
        [protein, other].map((read) => microscope.generate(read, small, { ...quick, guidance })),
      );
      return largestDifference(a!.images, b!.images);
    };
    expect(await difference(0)).toBe(0);
    const plain = await difference(1);
    expect(plain).toBeGreaterThan(1e-4);
    expect(await difference(5)).toBeGreaterThan(plain);
  });

  it("depends on the nucleus", async () => {
    const [a, b] = await Promise.all(
      [small, large].map((nucleus) => microscope.generate(protein, nucleus, quick)),
    );
    expect(largestDifference(a!.images, b!.images)).toBeGreaterThan(1e-3);
  });

  it.each(samplerNames)(
    "generates with %s the same images each time, and other images than other samplers",
    async (sampler) => {
      const drawing = await microscope.generate(protein, small, { ...quick, sampler });
      expect((await microscope.generate(protein, small, { ...quick, sampler })).images).toEqual(
        drawing.images,
      );
      for (const name of samplerNames.filter((name) => name !== sampler)) {
        const { images } = await microscope.generate(protein, small, { ...quick, sampler: name });
        expect(largestDifference(images, drawing.images)).toBeGreaterThan(1e-4);
      }
    },
  );

  it("reports every step", async () => {
    const classified: string[] = [];
    const onStep = (done: number, total: number) => void classified.push(`${done}/${total}`);
    await microscope.generate(protein, small, { samples: 5, steps: 2, onStep });
    expect(classified).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  });

  it("stops between two steps when it is aborted", async () => {
    const controller = new AbortController();
    let steps = 0;
    const onStep = () => {
      if (++steps === 2) controller.abort();
    };
    const options = { ...quick, steps: 10, signal: controller.signal, onStep };
    await expect(microscope.generate(protein, small, options)).rejects.toMatchObject({ name: "AbortError" });
    expect(steps).toBe(2);
  });

  it("refuses a crop of another size and more steps than the noise has", async () => {
    await expect(microscope.generate(protein, small.slice(1), quick)).rejects.toThrow(
      "the nucleus has 1599 pixels, the model generates 40x40",
    );
    for (const sampler of samplerNames) {
      const most = mostSteps(microscope.model, sampler);
      expect(most).toBe(sampler === "dpm++" ? 999 : 1000);
      const tooMany = microscope.generate(protein, small, { sampler, steps: most + 1 });
      await expect(tooMany).rejects.toThrow(`from 1 to ${most}, got ${most + 1}`);
    }
  });

  it("refuses to show a picture of weights that are no numbers", async () => {
    const model = await readModel(memoryFolder(randomModelFiles(), "spoilt"));
    for (const [name, { data }] of model.autoencoder.weights)
      if (name.startsWith("decoder.conv_in")) data.fill(Number.NaN as never);
    const spoilt = openMicroscope(runtime, model);
    await expect(spoilt.generate(await spoilt.encode("MKT"), small, quick)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringContaining("spoilt: its networks give values that are no numbers"),
    });
    await spoilt.close();
  });
});
