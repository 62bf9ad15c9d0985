import { createGenerator } from "@proteoscope/engine";
import { kernelDistance } from "@proteoscope/microscope/experiments";
import { describe, expect, it } from "vitest";
import { mean } from "../bootstrap.ts";
import { gaussianDiscrepancy, subsetKernelDistance } from "./discrepancy.ts";
import { frechetDistance, frechetOfMoments } from "./frechet-distance.ts";
import { openMoments } from "./moments.ts";
import { neighbourhoods } from "./neighbourhoods.ts";

const rows = (seed: number, count: number, width: number, shift = 0, scale = 1) => {
  const values = createGenerator(seed, "rows").normal(count * width);
  return Array.from({ length: count }, (_, i) =>
    values.slice(i * width, (i + 1) * width).map((value) => scale * value + shift),
  );
};

describe("moments of a stream", () => {
  it("are mean and covariance, also far from zero", () => {
    const sums = openMoments(2);
    for (const row of [
      [1e6 + 1, 2],
      [1e6 + 3, 2],
      [1e6 + 5, 8],
    ])
      sums.add(row);
    const { count, mean: centre, covariance } = sums.finish();
    expect([count, ...centre]).toEqual([3, 1e6 + 3, 4]);
    expect(covariance.to2DArray()).toEqual([
      [4, 6],
      [6, 12],
    ]);
  });

  it("give the Fréchet distance of the whole set", () => {
    const [a, b] = [rows(1, 60, 5), rows(2, 50, 5, 0.3)];
    const momentsOf = (vectors: readonly Float32Array[]) => {
      const sums = openMoments(5);
      for (const vector of vectors) sums.add(vector);
      return sums.finish();
    };
    expect(frechetOfMoments(momentsOf(a), momentsOf(b))).toBe(frechetDistance(a, b));
  });

  it("of fewer vectors than dimensions agree with the quick way, up to the ridge of the slow one", () => {
    const [a, b] = [rows(1, 12, 20), rows(2, 30, 20, 0.3)];
    const sums = [a, b].map((vectors) => {
      const moments = openMoments(20);
      for (const vector of vectors) moments.add(vector);
      return moments.finish();
    });
    const quick = frechetDistance(a, b);
    expect(Math.abs(quick - frechetOfMoments(sums[0]!, sums[1]!))).toBeLessThan(0.002 * quick);
    expect(frechetDistance(b, a)).toBeCloseTo(quick, 9);
    expect(frechetDistance(a, a)).toBeLessThan(1e-9);
  });

  it("need two vectors", () => {
    const sums = openMoments(1);
    sums.add([1]);
    expect(() => sums.finish()).toThrow("needs two vectors, got 1");
  });
});

describe("neighbourhoods", () => {
  const real = rows(1, 200, 3);
  const means = (generated: readonly Float32Array[]) => {
    const { precision, recall, density, coverage } = neighbourhoods(real, generated)!;
    return [precision, recall, density, coverage].map((values) => mean([...values]));
  };

  it("of a set and itself are whole", () => {
    const [precision, recall, density, coverage] = means(real);
    expect([precision, recall, coverage]).toEqual([1, 1, 1]);
    expect(density).toBeCloseTo(1, 12); // its k - 1 neighbours that are nearer, and itself
  });

  it("exchange precision and recall when the sets are exchanged", () => {
    const generated = rows(2, 150, 3, 0.5);
    const [one, other] = [neighbourhoods(real, generated)!, neighbourhoods(generated, real)!];
    expect(other.precision).toEqual(one.recall);
    expect(other.recall).toEqual(one.precision);
  });

  it("show images of one kind as precise and not diverse, far ones as neither", () => {
    const [precision, recall, , coverage] = means(rows(3, 200, 3, 0, 0.1));
    expect(precision).toBeGreaterThan(0.99);
    expect(recall).toBeLessThan(0.1);
    expect(coverage).toBeLessThan(0.4);
    expect(means(rows(3, 200, 3, 50))).toEqual([0, 0, 0, 0]);
  });

  it("are not defined for k images", () => {
    expect(neighbourhoods(real, real.slice(0, 5))).toBeUndefined();
  });
});

describe("kernel distances", () => {
  it("over subsets are near that of the whole, and it itself where the sets are small", () => {
    const [a, b] = [rows(1, 400, 4), rows(2, 400, 4, 0.6)];
    expect(subsetKernelDistance(a, b, { size: 400 })).toBe(kernelDistance(a, b));
    const whole = kernelDistance(a, b);
    expect(Math.abs(subsetKernelDistance(a, b, { size: 100 }) - whole)).toBeLessThan(0.25 * whole);
    expect(subsetKernelDistance(a, b, { size: 50 })).toBe(subsetKernelDistance(a, b, { size: 50 }));
  });

  it("with a Gaussian are symmetric, near 0 for one distribution, and grow with a shift up to 2", () => {
    const reference = rows(1, 80, 3);
    const distances = [0, 0.5, 1, 100].map((shift) => gaussianDiscrepancy(rows(2, 80, 3, shift), reference));
    expect(Math.abs(distances[0]!)).toBeLessThan(0.02);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(distances[3]).toBeLessThan(2);
    expect(gaussianDiscrepancy(reference, rows(2, 80, 3, 0.5))).toBeCloseTo(distances[1]!, 12);
  });
});
