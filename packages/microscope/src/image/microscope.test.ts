import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { nuclearDistance } from "@proteoscope/imaging";
import { disc } from "@proteoscope/imaging/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../model/read-model.ts";
import type { ReadProtein } from "../protein/encoder.ts";
import { randomModelFiles } from "../testing/tiny-model.ts";
import { type DrawOptions, type Microscope, mostSteps, openMicroscope, samplerNames } from "./microscope.ts";

const size = { height: 40, width: 40 };
const small = nuclearDistance(disc(size, 20, 20, 6), size);
const large = nuclearDistance(disc(size, 20, 20, 12), size);
const quick: DrawOptions = { samples: 2, steps: 3 };

let runtime: Runtime;
let microscope: Microscope;
let protein: ReadProtein;
let other: ReadProtein;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  microscope = openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles())));
  protein = await microscope.read("MKTAYIAKQRQISFVK");
  other = await microscope.read("WWWWGGGGPPPPDDDD");
});
afterAll(async () => {
  await microscope.close();
  await runtime.close();
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("reading a protein", () => {
  it("gives a condition of every token and a probability of every compartment", () => {
    expect(protein.condition).toHaveLength(18 * 16); // <cls>, 16 residues, <eos>
    expect(protein.width).toBe(16);
    expect(Object.keys(protein.compartments)).toEqual(["nucleus", "cytosol", "golgi_apparatus"]);
    for (const p of Object.values(protein.compartments)) expect(p > 0 && p < 1).toBe(true);
    expect(protein.window).toEqual({ sequence: protein.sequence, omitted: undefined });
  });

  it("shows both ends of a long protein and says what is left out", async () => {
    const long = await microscope.read(`${"M".repeat(12)}${"A".repeat(100)}${"K".repeat(12)}`);
    expect(long.window).toEqual({
      sequence: `${"M".repeat(12)}${"K".repeat(12)}`,
      omitted: { begin: 12, end: 112 },
    });
    expect(long.condition).toHaveLength(26 * 16);
    const ends = await microscope.read(`${"M".repeat(12)}${"K".repeat(12)}`);
    expect(long.compartments).toEqual(ends.compartments);
  });

  it("refuses a residue that the language model does not know", async () => {
    await expect(microscope.read("MKJT")).rejects.toMatchObject({ name: "SequenceError", position: 3 });
  });
});

describe("drawing", () => {
  it("gives protein and nucleus of every sample in [0, 1], and what the classifier sees", async () => {
    const drawing = await microscope.draw(protein, small, { ...quick, samples: 3 });
    expect(drawing).toMatchObject(size);
    expect(drawing.images).toHaveLength(3 * 2 * 40 * 40);
    for (const value of drawing.images) expect(value >= 0 && value <= 1).toBe(true);
    expect(new Set(drawing.images).size).toBeGreaterThan(1000);
    expect(drawing.seen).toHaveLength(3);
    for (const seen of drawing.seen) {
      expect(Object.keys(seen)).toEqual(["nucleus", "cytosol", "other"]);
      expect(Object.values(seen).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    }
    const mean = drawing.seen.reduce((sum, seen) => sum + seen.cytosol!, 0) / 3;
    expect(drawing.compartments.cytosol).toBeCloseTo(mean, 6);
    expect(drawing.agreement).toBeGreaterThanOrEqual(0);
    expect([0, 1, 2]).toContain(drawing.medoid);
  });

  it("gives the same images for the same seed and others for another", async () => {
    const first = await microscope.draw(protein, small, { ...quick, seed: 7 });
    const again = await microscope.draw(protein, small, { ...quick, seed: 7 });
    const another = await microscope.draw(protein, small, { ...quick, seed: 8 });
    expect(again.images).toEqual(first.images);
    expect(largestDifference(another.images, first.images)).toBeGreaterThan(0.01);
  });

  it("draws a sample the same whatever is drawn with it", async () => {
    const five = await microscope.draw(protein, small, { ...quick, samples: 5 }); // a batch of 4 and one of 1
    const two = await microscope.draw(protein, small, { ...quick, samples: 2 });
    const plane = 2 * 40 * 40;
    expect(largestDifference(five.images.slice(0, 2 * plane), two.images)).toBeLessThan(1e-5);
    expect(five.seen).toHaveLength(5);
    const [last, first] = [five.images.slice(4 * plane), five.images.slice(0, plane)];
    expect(largestDifference(last, first)).toBeGreaterThan(0.01);
  });

  it("draws several cells at once as it draws each", async () => {
    const large = small.map((value) => value + 2);
    const cells = [
      { distance: small, seed: 7 },
      { distance: large, seed: 8 },
    ];
    const [first, second] = await microscope.drawCells(protein, cells, { ...quick, samples: 2 });
    const alone = await microscope.draw(protein, large, { ...quick, samples: 2, seed: 8 });
    expect(largestDifference(second!.images, alone.images)).toBeLessThan(1e-5);
    expect(second!.agreement).toBeCloseTo(alone.agreement!, 3);
    expect(first!.images).toHaveLength(second!.images.length);
    expect(largestDifference(first!.images, second!.images)).toBeGreaterThan(0.01);
    expect(await microscope.drawCells(protein, [], quick)).toEqual([]);
  });

  it("says nothing of agreement for a single sample", async () => {
    const { agreement, medoid } = await microscope.draw(protein, small, { ...quick, samples: 1 });
    expect(agreement).toBeNull();
    expect(medoid).toBe(0);
  });

  it("depends on the sequence, more with more guidance, and not at all without", async () => {
    const difference = async (guidance: number) => {
      const [a, b] = await Promise.all(
        [protein, other].map((read) => microscope.draw(read, small, { ...quick, guidance })),
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
      [small, large].map((nucleus) => microscope.draw(protein, nucleus, quick)),
    );
    expect(largestDifference(a!.images, b!.images)).toBeGreaterThan(1e-3);
  });

  it.each(samplerNames)("draws with %s, each time the same, and like no other sampler", async (sampler) => {
    const drawing = await microscope.draw(protein, small, { ...quick, sampler });
    expect((await microscope.draw(protein, small, { ...quick, sampler })).images).toEqual(drawing.images);
    for (const name of samplerNames.filter((name) => name !== sampler)) {
      const { images } = await microscope.draw(protein, small, { ...quick, sampler: name });
      expect(largestDifference(images, drawing.images)).toBeGreaterThan(1e-4);
    }
  });

  it("tells of every step", async () => {
    const seen: string[] = [];
    const onStep = (done: number, total: number) => void seen.push(`${done}/${total}`);
    await microscope.draw(protein, small, { samples: 5, steps: 2, onStep });
    expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  });

  it("stops between two steps when it is told to", async () => {
    const controller = new AbortController();
    let steps = 0;
    const onStep = () => {
      if (++steps === 2) controller.abort();
    };
    const options = { ...quick, steps: 10, signal: controller.signal, onStep };
    await expect(microscope.draw(protein, small, options)).rejects.toMatchObject({ name: "AbortError" });
    expect(steps).toBe(2);
  });

  it("refuses a crop of another size and more steps than the noise has", async () => {
    await expect(microscope.draw(protein, small.slice(1), quick)).rejects.toThrow(
      "the nucleus has 1599 pixels, the model draws 40x40",
    );
    for (const sampler of samplerNames) {
      const most = mostSteps(microscope.model, sampler);
      expect(most).toBe(sampler === "dpm++" ? 999 : 1000);
      const tooMany = microscope.draw(protein, small, { sampler, steps: most + 1 });
      await expect(tooMany).rejects.toThrow(`from 1 to ${most}, got ${most + 1}`);
    }
  });

  it("refuses to show a picture of weights that are no numbers", async () => {
    const model = await readModel(memoryFolder(randomModelFiles(), "spoilt"));
    for (const [name, { data }] of model.autoencoder.weights)
      if (name.startsWith("decoder.conv_in")) data.fill(Number.NaN as never);
    const spoilt = openMicroscope(runtime, model);
    await expect(spoilt.draw(await spoilt.read("MKT"), small, quick)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringContaining("spoilt: its networks give values that are no numbers"),
    });
    await spoilt.close();
  });
});
