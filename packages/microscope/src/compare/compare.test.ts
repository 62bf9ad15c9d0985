import { createGenerator, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { gaussianBlur } from "@proteoscope/imaging";
import { fieldOfDiscs } from "@proteoscope/imaging/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImageClassifier } from "../image/classifier.ts";
import type { MeasuredImage } from "../image/measured-image.ts";
import { readImageClassifier } from "../model/read-model.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { drawComparisonCard } from "./card.ts";
import { compare, figuresOf, type ImagePair, type PairResult, summarizeComparisons } from "./compare.ts";
import { type ComparisonTools, compareImages, featureDistance } from "./compare-images.ts";

const size = { height: 60, width: 90 };
const nucleus = fieldOfDiscs(size, [
  { x: 28, y: 30, radius: 7, brightness: 900 },
  { x: 62, y: 30, radius: 7, brightness: 900 },
]).map((value) => value / 1100);
const noise = createGenerator(1, "protein").uniform(size.height * size.width);
const imageOf = (protein: Float32Array, rest: Partial<MeasuredImage> = {}): MeasuredImage => ({
  ...{ ...size, protein, nucleus, pixelSizeMicrons: 1 },
  ...rest,
});

let runtime: Runtime;
let tools: ComparisonTools;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  const network = await readImageClassifier(memoryFolder(randomModelFiles()));
  const { constants } = tinyShape;
  const classifier = await openImageClassifier(runtime, network, constants.cropPixels);
  tools = { classifier, constants, labels: network.config.labels };
});
afterAll(() => runtime.close());

describe("compareImages", () => {
  it("finds no difference between an image and itself", async () => {
    const { pixels, spectrumRatio, ...rest } = await compareImages(
      tools,
      "x",
      imageOf(noise),
      imageOf(noise),
    );
    expect(pixels).toMatchObject({ psnr: 100, medianOverlap: 1 });
    for (const value of [pixels!.ssim, pixels!.msSsim, pixels!.pearson]) expect(value).toBeCloseTo(1, 10);
    for (const ratio of spectrumRatio) expect(ratio).toBeCloseTo(1, 10);
    expect(rest).toMatchObject({
      compartmentDistance: 0,
      featureDistance: 0,
      nuclearProportionDifference: 0,
    });
    expect(rest.a).toMatchObject({ cells: 2 });
    expect(Object.keys(rest.a.compartments!)).toEqual(["nucleus", "cytosol", "other"]);
  });

  it("sees a blur in every pixel figure and in fine detail, not in coarse detail", async () => {
    const blurred = imageOf(gaussianBlur(noise, size, 1));
    const {
      pixels,
      spectrumRatio,
      featureDistance: far,
    } = await compareImages(tools, "x", imageOf(noise), blurred);
    expect(pixels!.ssim).toBeLessThan(0.7);
    expect(pixels!.psnr).toBeLessThan(15);
    expect(spectrumRatio.at(-1)).toBeLessThan(0.05);
    expect(spectrumRatio[0]).toBeGreaterThan(0.7);
    expect(far).toBeGreaterThan(0);
  });

  it("measures the share of light in nuclei", async () => {
    const inside = imageOf(nucleus.map((value) => (value > 0.5 ? 1 : 0)));
    const { a, b } = await compareImages(tools, "x", inside, imageOf(noise.map(() => 0.5)));
    expect(a.nuclearProportion).toBeGreaterThan(0.95);
    expect(b.nuclearProportion).toBeLessThan(0.2);
  });

  it("leaves out what cannot be compared", async () => {
    const small = imageOf(noise.slice(0, 45 * 60), { height: 45, width: 60, nucleus: undefined });
    const comparison = await compareImages(tools, "x", imageOf(noise), small);
    expect(comparison).toMatchObject({ pixels: null, compartmentDistance: null, featureDistance: null });
    expect(comparison.b).toMatchObject({ cells: 0, nuclearProportion: null, compartments: null });
    expect(Object.keys(figuresOf(comparison))).toEqual([
      ...["fine_detail_ratio", "nuclear_proportion_a", "cells_a", "cells_b"],
    ]);
  });
});

describe("featureDistance", () => {
  it("is the root of the mean squared difference", () => {
    expect(featureDistance([1, 2, 3, 4], [1, 2, 3, 8])).toBe(2);
  });
});

describe("compare", () => {
  const pair = (name: string, protein: Float32Array): ImagePair => ({
    name,
    readA: async () => imageOf(noise),
    readB: async () => imageOf(protein),
  });
  const broken: ImagePair = {
    ...pair("broken", noise),
    readB: async () => {
      throw new Error("no picture");
    },
  };

  it("names a pair that cannot be read and compares the others", async () => {
    const results: PairResult[] = [];
    const dark = noise.map((value) => value / 2);
    for await (const result of compare(tools, [pair("same", noise), broken, pair("dark", dark)]))
      results.push(result);
    expect(results.map(({ name, error }) => [name, error !== undefined])).toEqual([
      ["same", false],
      ["broken", true],
      ["dark", false],
    ]);
    const entries = results.flatMap((result) => (result.comparison === undefined ? [] : [result]));
    const { figures, kernelDistance, cells } = summarizeComparisons(
      entries.map(({ comparison }) => comparison),
    );
    const [first, second] = entries.map(({ comparison }) => comparison.pixels!.ssim) as [number, number];
    expect(figures.ssim!.mean).toBeCloseTo((first + second) / 2, 12);
    expect(figures.ssim!.standardDeviation).toBeCloseTo(Math.abs(first - second) / Math.SQRT2, 12);
    expect(figures.ssim!.n).toBe(2);
    expect(kernelDistance).not.toBeNaN();
    expect(cells).toEqual({ a: 4, b: 4 });
    const card = drawComparisonCard(entries);
    expect(card.height).toBeGreaterThan(2 * 133);
    expect(new Set(card.data).size).toBeGreaterThan(50);
  });

  it("stops at an abort between two pairs", async () => {
    const controller = new AbortController();
    const work = async () => {
      for await (const _ of compare(tools, [pair("a", noise), pair("b", noise)], {
        signal: controller.signal,
      }))
        controller.abort();
    };
    await expect(work()).rejects.toMatchObject({ name: "AbortError" });
  });
});
