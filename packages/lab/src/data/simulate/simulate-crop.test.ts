import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cropRow, fixtureSide, writeAtlas } from "../../testing/atlas-fixture.ts";
import { imageCompartments } from "../atlas/compartments.ts";
import { growCells } from "./cell-field.ts";
import { createDraws } from "./draws.ts";
import { gaussianBlur } from "./gaussian-blur.ts";
import { takePicture } from "./imaging.ts";
import {
  createPictureSampler,
  cropField,
  type NucleusPicture,
  numberComponents,
  readNucleusPictures,
} from "./nucleus-pictures.ts";
import { simulateCrop } from "./simulate-crop.ts";
import { createCropSimulator } from "./simulated-crops.ts";
import { smoothNoise } from "./smooth-noise.ts";

let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let pictures: NucleusPicture[];
beforeAll(async () => {
  atlas = await writeAtlas();
  pictures = await readNucleusPictures(atlas.path);
});
afterAll(() => atlas.remove());

const variance = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

describe("createDraws", () => {
  it("keeps within limits and goes on past its block", () => {
    const draws = createDraws(3, "limits");
    const wholes = Array.from({ length: 2000 }, () => draws.whole(2, 4));
    expect(new Set(wholes)).toEqual(new Set([2, 3, 4]));
    const logs = Array.from({ length: 2000 }, () => draws.logBetween(0.1, 10));
    expect(Math.min(...logs)).toBeGreaterThanOrEqual(0.1);
    expect(logs.filter((value) => value < 1).length / 2000).toBeCloseTo(0.5, 1);
    expect(draws.normals(3)).not.toEqual(draws.normals(3));
  });
});

describe("smoothNoise and gaussianBlur", () => {
  it("is of about unit deviation and smooth over its features", () => {
    const noise = smoothNoise(100, 8, createDraws(1, "noise"));
    expect(Math.sqrt(variance(noise))).toBeGreaterThan(0.6);
    expect(Math.sqrt(variance(noise))).toBeLessThan(1.4);
    const steps = noise.map((value, pixel) => (pixel % 100 === 0 ? 0 : value - noise[pixel - 1]!));
    expect(variance(steps)).toBeLessThan(0.1 * variance(noise));
  });

  it("spreads a point as a Gaussian and keeps its light", () => {
    const point = new Float32Array(21 * 21);
    point[10 * 21 + 10] = 1;
    const blurred = gaussianBlur(point, 21, 1.5);
    expect(blurred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(blurred[10 * 21 + 12]! / blurred[10 * 21 + 10]!).toBeCloseTo(Math.exp(-4 / 4.5), 3);
    expect(blurred[12 * 21 + 10]).toBeCloseTo(blurred[10 * 21 + 12]!, 6);
  });
});

describe("growCells", () => {
  it("gives every nucleus to its own cell, and cells their pixels", () => {
    const labels = new Uint16Array(40 * 40);
    for (const [label, column] of [10, 28].entries())
      for (let y = 15; y < 25; y++)
        for (let x = column - 4; x < column + 4; x++) labels[y * 40 + x] = label + 1;
    const field = growCells(labels, 40, createDraws(2, "cells"));
    for (const [pixel, label] of labels.entries()) {
      if (label > 0) expect(field.owner[pixel]).toBe(label - 1);
      expect(field.depth[pixel]! > 0).toBe(label > 0);
      expect(field.edge[pixel]! > 0).toBe(field.owner[pixel]! >= 0);
    }
    const counts = field.cells.map(({ pixels }) => pixels.length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(
      field.owner.filter((cell) => cell >= 0).length,
    );
    expect(field.cells[0]!.centre.x).toBeCloseTo(9.5, 5);
  });
});

describe("takePicture", () => {
  it("stretches light to the whole range of bytes and keeps its order", () => {
    const labels = Uint16Array.from({ length: 400 }, (_, pixel) => (pixel > 150 && pixel < 170 ? 1 : 0));
    const draws = createDraws(4, "picture");
    const field = growCells(labels, 20, draws);
    const light = Float32Array.from(field.owner, (_, pixel) => (pixel % 20 < 10 ? 1 : 0));
    const bytes = takePicture(light, field, draws);
    const mean = (wanted: number) => {
      const values = bytes.filter((_, pixel) => light[pixel] === wanted);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(mean(1)).toBeGreaterThan(mean(0) + 60);
  });
});

describe("readNucleusPictures", () => {
  it("takes nuclei of training crops alone, with their licence", async () => {
    const row = (index: number, changes: object) => ({ ...cropRow, index, ...changes });
    const mixed = await writeAtlas({
      crops: [
        row(0, { licence: "CC BY-SA" }),
        row(1, { split_image: "val" }),
        row(2, { synthetic_mix: 1 }),
        row(3, { nucleus_kind: "from_protein" }),
        row(4, { exclude: 1 }),
      ],
    });
    const found = await readNucleusPictures(mixed.path);
    await mixed.remove();
    expect(found.map(({ source, licence }) => [source, licence])).toEqual([["gallery", "CC BY-SA"]]);
    expect(found[0]!.labels.filter((label) => label === 1).length).toBeGreaterThan(30);
  });

  it("numbers parts of a mask that do not touch", () => {
    expect([...numberComponents(Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 1), 3)]).toEqual([
      ...[1, 0, 2, 1, 0, 0, 0, 0, 3],
    ]);
  });

  it("cuts a crop around each nucleus of a field that is large enough", () => {
    const width = 60;
    const labels = Uint16Array.from({ length: width * width }, (_, pixel) =>
      Math.hypot((pixel % width) - 45, Math.floor(pixel / width) - 15) < 10 ? 7 : 0,
    );
    const field = { name: "f", height: width, width, labels, image: labels, micronsPerPixel: 0.4126 };
    const [picture, ...others] = cropField(field, 40);
    expect(others).toEqual([]);
    expect(picture!.labels[15 * 40 + 25]).toBe(1); // the crop is held inside the field: 20 to 59, 0 to 39
    expect(picture!.nucleus[15 * 40 + 25]).toBe(255);
    expect(cropField(field, 61)).toEqual([]);
    expect(() => cropField({ ...field, micronsPerPixel: 0.2 }, 40)).toThrow(/0\.2 um a pixel/);
  });

  it("shows rare sources more often than their share", () => {
    const many = Array.from({ length: 99 }, () => ({ ...pictures[0]!, source: "common" }));
    const sample = createPictureSampler([...many, { ...pictures[0]!, source: "rare" }]);
    const draws = createDraws(0, "sources");
    const rare = Array.from({ length: 1000 }, () => sample(draws)).filter(({ source }) => source === "rare");
    expect(rare.length / 1000).toBeCloseTo(1 / (1 + Math.sqrt(99)), 1);
  });
});

describe("simulateCrop", () => {
  it("gives the same bytes for the same seed, others for another, whatever was drawn before", () => {
    const simulate = createCropSimulator(pictures, 1);
    const crops = Array.from({ length: 12 }, (_, index) => simulate(index));
    expect(crops.map(({ compartment }) => compartment)).toEqual(imageCompartments);
    expect(createCropSimulator(pictures, 1)(7)).toEqual(crops[7]);
    expect(createCropSimulator(pictures, 2)(7).bytes).not.toEqual(crops[7]!.bytes);
  });

  it("leaves nucleus and mask as they were seen", () => {
    const picture = pictures[0]!;
    const bytes = simulateCrop(picture, "ER", { seed: 0, index: 0 })!;
    expect(bytes).toHaveLength(3 * fixtureSide ** 2);
    expect(bytes.filter((_, i) => i % 3 === 1)).toEqual(picture.nucleus);
    expect(bytes.filter((_, i) => i % 3 === 2)).toEqual(
      Uint8Array.from(picture.labels, (label) => (label > 0 ? 255 : 0)),
    );
  });

  it("says so where nuclei leave no room", () => {
    const full = { ...pictures[0]!, labels: new Uint16Array(fixtureSide ** 2).fill(1) };
    expect(simulateCrop(full, "vesicles", { seed: 0, index: 0 })).toBeUndefined();
    expect(() => createCropSimulator([full], 0)(0)).toThrow(/have room for mitochondria/);
  });
});
