import { describe, expect, it } from "vitest";
import { stackCytoselfImages } from "./cytoself-images.ts";

// Two images of 2x2: protein, nucleus, distance.
const images = [
  Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10, 20, -30, 40),
  Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1, -10, 0, 0, 10),
];
const measured = { imageVariance: 0.25, distanceScale: 5 };

describe("images for cytoself", () => {
  it("have the chosen channels, in their order", () => {
    const { shape, data } = stackCytoselfImages(images, 2, { ...measured, channels: ["nucleus", "protein"] });
    expect(shape).toEqual([2, 2, 2, 2]);
    expect(Array.from(data as Float32Array)).toEqual([5, 6, 7, 8, 1, 2, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0]);
  });

  it("have distances of the variance of the intensities", () => {
    const { data } = stackCytoselfImages(images, 2, { ...measured, channels: ["protein", "distance"] });
    // A standard deviation of 5 pixels becomes one of 0.5.
    expect(Array.from(data as Float32Array)).toEqual([
      ...[1, 2, 3, 4, 1, 2, -3, 4],
      ...[0, 0, 0, 0, -1, 0, 0, 1],
    ]);
    expect(images[0]![8]).toBe(10);
  });
});
