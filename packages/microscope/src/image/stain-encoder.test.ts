import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { nuclearDistance } from "@proteoscope/imaging";
import { disc } from "@proteoscope/imaging/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generate } from "../generate/generate.ts";
import { readModel } from "../model/read-model.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { openMicroscope } from "./generate.ts";

const size = { height: 40, width: 40 };
const mask = disc(size, 20, 20, 8);
const nucleus = Float32Array.from(mask);
const cell = { ...{ nucleus, distance: nuclearDistance(mask, size), seed: 3 } };
const er = Float32Array.from({ length: 1600 }, (_, i) => (i % 40) / 40);
const stained = {
  ...tinyShape,
  constants: { ...tinyShape.constants, stains: ["er", "microtubules"] as const },
  unet: { ...tinyShape.unet, inChannels: 15 },
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const open = async (shape = stained as typeof tinyShape) =>
  openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles(shape))));
const quick = { samples: 2, steps: 2 };

describe("a model with further stains", () => {
  it("generates with any of them, each with an effect of its own", async () => {
    const microscope = await open();
    const protein = await microscope.encode("MKTAYIAKQRQISFVK");
    const drawn = async (stains?: object) =>
      (await microscope.generateCells(protein, [{ ...cell, ...(stains && { stains }) }], quick))[0]!.images;
    const [none, withEr, withMicrotubules] = [
      await drawn(),
      await drawn({ er }),
      await drawn({ microtubules: er }),
    ];
    expect(withEr).not.toEqual(none);
    expect(withMicrotubules).not.toEqual(withEr);
    expect(await drawn({})).toEqual(none);
    // A cell's image depends on its own stains alone.
    const together = await microscope.generateCells(protein, [cell, { ...cell, stains: { er } }], quick);
    const difference = Math.max(...together[1]!.images.map((value, i) => Math.abs(value - withEr[i]!)));
    expect(difference).toBeLessThan(1e-4);
    await microscope.close();
  });

  it("refuses planes of another size", async () => {
    const microscope = await open();
    const protein = await microscope.encode("MKTAYIAK");
    const small = { ...cell, stains: { er: er.subarray(1) } };
    await expect(microscope.generateCells(protein, [small], quick)).rejects.toThrow(/need 40x40 pixels each/);
    await microscope.close();
  });
});

describe("a model with the DNA stain", () => {
  it("generates with it where there is one, by whatever call, and does without it", async () => {
    const shape = {
      ...tinyShape,
      constants: { ...tinyShape.constants, stains: ["nucleus"] as const },
      unet: { ...tinyShape.unet, inChannels: 10 },
    };
    const microscope = await open(shape as unknown as typeof tinyShape);
    const protein = await microscope.encode("MKTAYIAKQRQISFVK");
    const { seed, ...around } = cell;
    const options = { ...quick, seed };
    const [withStain, without] = [
      await microscope.generate(protein, around, options),
      await microscope.generate(protein, cell.distance, options),
    ];
    expect(withStain.images).not.toEqual(without.images);
    const [again] = await microscope.generateCells(protein, [cell], options);
    expect(again!.images).toEqual(withStain.images);
    const request = {
      proteins: [{ id: "FBL", sequence: "MKTAYIAKQRQISFVK" }],
      nuclei: [{ ...cell, label: "", pixelSizeMicrons: 1, origin: {} }],
      settings: options,
    };
    const { value } = await generate(microscope, request).next();
    expect(value!.images.images).toEqual(withStain.images);
    await microscope.close();
  });
});

describe("a model without further stains", () => {
  it("is refused them by name before anything is generated", async () => {
    const microscope = await open(tinyShape);
    const request = {
      proteins: [{ id: "FBL", sequence: "MKTAYIAK" }],
      nuclei: [{ ...cell, label: "", pixelSizeMicrons: 1, origin: {}, stains: { er } }],
    };
    await expect(generate(microscope, request).next()).rejects.toMatchObject({
      ...{ kind: "usage", field: "stains" },
      message: expect.stringMatching(/trained without further stains, not with er/),
    });
    await microscope.close();
  });

  it("is refused a denoiser with channels for them", () => {
    const files = randomModelFiles({ ...tinyShape, unet: { ...tinyShape.unet, inChannels: 10 } });
    return expect(readModel(memoryFolder(files))).rejects.toThrow(/in_channels: 10 where 5 fits/);
  });
});
