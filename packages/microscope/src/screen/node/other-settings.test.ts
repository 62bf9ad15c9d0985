import { describe, expect, it } from "vitest";
import { otherSettings } from "./other-settings.ts";

const there = {
  ...{ schema: 1, model: { name: "tiny", sha256: { weights: "ab" } }, labels: ["nucleus", "cytosol"] },
  images: { steps: 15, sampler: "dpm++", seed: 0, nucleus: { image: "a.tif" } },
};

describe("settings of a screen that differ", () => {
  it("are none for equal ones, in whatever order", () => {
    const { images, ...others } = structuredClone(there);
    expect(otherSettings(there, { images, ...others })).toEqual([]);
  });

  it.each([
    [{ images: { ...there.images, steps: 3 } }, ["images.steps: 15 there, 3 here"]],
    [{ images: null }, ["images: some there, none here"]],
    [{ model: { name: "tiny", sha256: {} } }, ['model.sha256.weights: "ab" there, none here']],
    [{ labels: ["nucleus"] }, ['labels.1: "cytosol" there, none here']],
    [
      { images: { ...there.images, seed: 4, nucleus: { image: "b.tif" } } },
      ["images.seed: 0 there, 4 here", 'images.nucleus.image: "a.tif" there, "b.tif" here'],
    ],
  ])("are named with both values: %j", (changed, expected) => {
    expect(otherSettings(there, { ...there, ...changed })).toEqual(expected);
  });

  it("are only so many", () => {
    expect(otherSettings({ a: 1, b: 1, c: 1, d: 1 }, {})).toHaveLength(3);
  });
});
