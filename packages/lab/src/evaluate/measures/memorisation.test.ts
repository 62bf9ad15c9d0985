import { createGenerator, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { sampleCorrelation } from "simple-statistics";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transformSquare } from "../../data/batches/augment.ts";
import { findNearestCrops, nearThreshold } from "./memorisation.ts";

const side = 12;
const everywhere = new Uint8Array(side * side).fill(1);
const noise = (seed: number) => createGenerator(seed, "plane").uniform(side * side);
/** More crops than one batch holds. */
const crops = Array.from({ length: 37 }, (_, i) => noise(i));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

describe("the nearest crop", () => {
  it("is found in each of the eight orientations, whatever its brightness", async () => {
    const images = Array.from({ length: 8 }, (_, symmetry) => ({
      protein: transformSquare(crops[4 * symmetry]!, side, symmetry).map((value) => 0.1 + 0.5 * value),
      footprint: everywhere,
    }));
    const compared: number[] = [];
    const found = await findNearestCrops(runtime, images, crops, side, {
      onCompared: (count) => compared.push(count),
    });
    expect(compared).toEqual([16, 32, 37]);
    expect(found.map(({ position, symmetry }) => [position, symmetry])).toEqual(
      images.map((_, symmetry) => [4 * symmetry, symmetry]),
    );
    for (const { correlation } of found) expect(correlation).toBeCloseTo(1, 4);
  });

  it("correlates inside the footprint alone", async () => {
    const footprint = everywhere.map((_, pixel) => (pixel % side < side / 2 ? 255 : 0));
    const protein = crops[20]!.map((value, pixel) => (footprint[pixel] === 0 ? 1 - value : value));
    const [half, whole] = await findNearestCrops(
      runtime,
      [
        { protein, footprint },
        { protein, footprint: everywhere },
      ],
      crops,
      side,
    );
    expect(half).toMatchObject({ position: 20, symmetry: 0 });
    expect(half!.correlation).toBeCloseTo(1, 4);
    expect(whole!.correlation).toBeLessThan(0.6);
  });

  it("has the correlation that Pearson gives", async () => {
    const footprint = everywhere.map((_, pixel) => (pixel % 3 === 0 ? 0 : 1));
    const protein = noise(99);
    const [found] = await findNearestCrops(runtime, [{ protein, footprint }], crops, side);
    const inside = (plane: Float32Array) => [...plane].filter((_, pixel) => footprint[pixel] !== 0);
    const all = crops.flatMap((crop) =>
      Array.from({ length: 8 }, (_, symmetry) =>
        sampleCorrelation(inside(protein), inside(transformSquare(crop, side, symmetry))),
      ),
    );
    expect(found!.correlation).toBeCloseTo(Math.max(...all), 4);
    expect(8 * found!.position + found!.symmetry).toBe(all.indexOf(Math.max(...all)));
  });

  it("takes a flat crop and a flat image for like nothing", async () => {
    const flat = new Float32Array(side * side).fill(0.7);
    const images = [flat, noise(1)].map((protein) => ({ protein, footprint: everywhere }));
    const found = await findNearestCrops(runtime, images, [flat], side);
    expect(found.map(({ correlation }) => correlation)).toEqual([0, 0]);
    const [flatImage] = await findNearestCrops(runtime, images.slice(0, 1), crops, side);
    expect(Math.abs(flatImage!.correlation)).toBeLessThan(1e-6);
  });

  it("needs crops of the images' size", async () => {
    const image = { protein: noise(1), footprint: everywhere };
    await expect(findNearestCrops(runtime, [image], [], side)).rejects.toThrow(/no crops/);
    await expect(findNearestCrops(runtime, [image], [new Float32Array(4)], side)).rejects.toThrow(/12 x 12/);
    expect(await findNearestCrops(runtime, [], crops, side)).toEqual([]);
  });
});

describe("the threshold of being near", () => {
  it("is a quantile of what real images have", () => {
    const real = Array.from({ length: 100 }, (_, i) => ({ position: 0, symmetry: 0, correlation: i / 100 }));
    const threshold = nearThreshold(real, 0.95);
    expect(real.filter(({ correlation }) => correlation > threshold)).toHaveLength(5);
    expect(nearThreshold([], 0.95)).toBeNaN();
  });
});
