import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { distinguish } from "./distinguish.ts";

/** Images of ten fields, the first of three features shifted. */
function imagesOf(seed: number, count: number, shift: number) {
  const noise = createGenerator(seed, "images").normal(3 * count);
  return Array.from({ length: count }, (_, i) => ({
    features: [noise[3 * i]! + shift, noise[3 * i + 1]!, noise[3 * i + 2]!],
    group: `field ${i % 10}`,
  }));
}

describe("distinguish", () => {
  it("is about a half for two samples of one distribution", async () => {
    const areas = await Promise.all(
      [1, 2, 3, 4].map((seed) => distinguish(imagesOf(seed, 150, 0), imagesOf(seed + 50, 150, 0))),
    );
    expect(Math.abs(areas.reduce((sum, area) => sum + area, 0) / areas.length - 0.5)).toBeLessThan(0.06);
  });

  it("grows with the difference, as for normal distributions a shift apart", async () => {
    const [one, three] = await Promise.all(
      [1, 3].map((shift) => distinguish(imagesOf(1, 300, 0), imagesOf(2, 300, shift))),
    );
    expect(one).toBeGreaterThan(0.7); // 0.76: the normal distribution function of 1 / sqrt 2
    expect(one).toBeLessThan(0.82);
    expect(three).toBeGreaterThan(0.96);
  });

  it("learns nothing from what a real image and its copy share", async () => {
    const real = imagesOf(3, 100, 0);
    expect(await distinguish(real, real)).toBeCloseTo(0.5, 2);
  });

  it("is not known where there are no images of one side", async () => {
    expect(await distinguish([], imagesOf(1, 5, 0))).toBeNaN();
    expect(await distinguish(imagesOf(1, 5, 0), [])).toBeNaN();
    expect(await distinguish(imagesOf(1, 1, 0), imagesOf(2, 1, 0))).toBeNaN(); // of one field
  });
});
