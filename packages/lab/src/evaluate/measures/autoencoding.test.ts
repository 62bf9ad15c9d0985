import { createGenerator } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { openDctLowPass } from "@proteoscope/imaging";
import { readModel } from "@proteoscope/microscope";
import { memoryFolder } from "@proteoscope/models";
import { describe, expect, it, vi } from "vitest";
import { judgedModelFiles, judgedShape } from "../../testing/judged-model.ts";
import { compareImages, openAutoencoding } from "./autoencoding.ts";

vi.setConfig({ testTimeout: 60_000 });

const side = judgedShape.constants.cropPixels;
const image = createGenerator(1, "image").uniform(2 * side * side);

describe("the autoencoder by itself", () => {
  it("gives an image in [0, 1] of either channel, the same each time", async () => {
    const runtime = await openRuntime({ device: "cpu" });
    try {
      const model = await readModel(memoryFolder(judgedModelFiles()));
      const autoencoding = await openAutoencoding(runtime, model, side);
      const decoded = await autoencoding.run(image);
      expect(decoded).toHaveLength(image.length);
      for (const value of decoded) expect(value >= 0 && value <= 1).toBe(true);
      expect(await autoencoding.run(image)).toEqual(decoded);
      expect(await autoencoding.run(image.map((value) => 1 - value))).not.toEqual(decoded);

      const { latentChannels, blockOutChannels } = model.autoencoder.config;
      const latentSide = side / 2 ** (blockOutChannels.length - 1);
      const lowPass = openDctLowPass(side, Math.floor(Math.sqrt((latentChannels * latentSide ** 2) / 2)));
      const nucleus = lowPass(image.subarray(side * side));
      expect(autoencoding.filter(image).subarray(side * side)).toEqual(nucleus);
      expect(autoencoding.filter(image)).toHaveLength(image.length);
    } finally {
      await runtime.close();
    }
  });
});

describe("the quality of a reconstruction", () => {
  it("is perfect where nothing was lost", () => {
    const { protein, nucleus } = compareImages(image, image, side);
    for (const quality of [protein, nucleus]) {
      expect(quality.structuralSimilarity).toBeCloseTo(1, 9);
      expect(quality.overlap).toBe(1);
      for (const power of quality.power) expect(power).toBeCloseTo(1, 9);
    }
  });

  it("is measured per channel: a flat one has lost its detail", () => {
    const flat = image.map((value, i) => (i < side * side ? value : 0.5));
    const { protein, nucleus } = compareImages(flat, image, side);
    expect(protein.signalToNoise).toBeCloseTo(100, 6);
    expect(nucleus.signalToNoise).toBeLessThan(20);
    expect(nucleus.power.at(-1)).toBeLessThan(0.01);
  });
});
