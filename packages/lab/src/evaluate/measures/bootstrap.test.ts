import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { bootstrap, bootstrapAll, mean, median } from "./bootstrap.ts";

it("a median is the middle, or between the two, and none of no values", () => {
  expect([median([3, 1, 2]), median([4, 1])]).toEqual([2, 2.5]);
  expect(median([])).toBeNaN();
});

describe("the bootstrap", () => {
  it("gives the interval of a mean that the normal distribution gives", () => {
    const units = [...createGenerator(3, "units").normal(400)];
    const { value, interval95, n } = bootstrap(units, mean)!;
    const deviation = Math.sqrt(mean(units.map((unit) => (unit - value) ** 2)) / units.length);
    expect(n).toBe(400);
    expect(value).toBe(mean(units));
    expect((value - interval95[0]) / deviation).toBeCloseTo(1.96, 0);
    expect((interval95[1] - value) / deviation).toBeCloseTo(1.96, 0);
  });

  it("resamples units and not what they hold", () => {
    const share = (proteins: readonly (readonly number[])[]) => mean(proteins.flat());
    const width = (units: readonly (readonly number[])[]) => {
      const [low, high] = bootstrap(units, share)!.interval95;
      return high - low;
    };
    const images = Array.from({ length: 40 }, (_, i) => [i % 2]);
    const proteins = [0, 1, 0, 1].map((value) => new Array<number>(10).fill(value));
    expect(width(proteins)).toBeGreaterThan(2 * width(images));
  });

  it("is the same for a seed and another for another", () => {
    const units = [1, 2, 3, 4, 5, 6, 7];
    expect(bootstrap(units, mean, { seed: 1 })).toEqual(bootstrap(units, mean, { seed: 1 }));
    expect(bootstrap(units, mean, { seed: 1, rounds: 50 })).not.toEqual(
      bootstrap(units, mean, { seed: 2, rounds: 50 }),
    );
  });

  it("holds the value inside when centred, for statistics that repeated units raise", () => {
    const repeats = (units: readonly number[]) => units.length - new Set(units).size;
    const units = Array.from({ length: 50 }, (_, i) => i);
    expect(bootstrap(units, repeats)!.interval95[0]).toBeGreaterThan(5);
    const [low, high] = bootstrap(units, repeats, { centred: true })!.interval95;
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });

  it("is null for no units and for a statistic that is not a number", () => {
    expect(bootstrap([], mean)).toBeNull();
    expect(bootstrap([1, 2], () => Number.NaN)).toBeNull();
  });

  it("leaves out the resamples that have no value", () => {
    const both = (units: readonly number[]) => (new Set(units).size === 2 ? 1 : Number.NaN);
    expect(bootstrap([1, 2], both)).toEqual({ value: 1, interval95: [1, 1], n: 2 });
  });

  it("gives several statistics of the same resamples", () => {
    const units = [1, 2, 3, 4, 5, 6, 7];
    const { first, double, none } = bootstrapAll(units, (drawn) => ({
      ...{ first: mean(drawn), double: 2 * mean(drawn) },
      none: Number.NaN,
    }));
    expect(first).toEqual(bootstrap(units, mean));
    expect(double!.interval95).toEqual(first!.interval95.map((end) => 2 * end));
    expect(none).toBeNull();
  });
});
