import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { bootstrap, mean } from "./bootstrap.ts";
import { bootstrapSums, meanByUnit, sumByUnit } from "./bootstrap-sums.ts";

const values = [...createGenerator(1, "values").normal(60)];
const images = values.map((value, i) => ({ unit: `P${i % 20}`, value }));

describe("the bootstrap over sums", () => {
  it("is the bootstrap over units", () => {
    const units = Array.from({ length: 20 }, (_, i) => images.filter(({ unit }) => unit === `P${i}`));
    const slow = bootstrap(units, (drawn) => mean(drawn.flat().map(({ value }) => value)), { seed: 3 })!;
    const quick = meanByUnit(images, { seed: 3 })!;
    expect(quick.n).toBe(20);
    expect(quick.value).toBeCloseTo(slow.value, 12);
    for (const end of [0, 1]) expect(quick.interval95[end]).toBeCloseTo(slow.interval95[end]!, 9);
  });

  it("leaves out what is no number, and is null where nothing is left", () => {
    expect(meanByUnit([...images, { unit: "X", value: Number.NaN }])).toEqual(meanByUnit(images));
    expect(meanByUnit([{ unit: "X", value: Number.NaN }])).toBeNull();
    expect(bootstrapSums([], () => 1)).toBeNull();
  });

  it("adds the terms of each unit, in the order in which units come", () => {
    const sums = sumByUnit(
      [
        { unit: "b", x: 1 },
        { unit: "a", x: 2 },
        { unit: "b", x: 3 },
      ],
      ({ x }) => [x, 1],
    );
    expect(sums).toEqual([Float64Array.of(4, 2), Float64Array.of(2, 1)]);
  });

  it("is wider for units that agree within themselves than for as many single images", () => {
    const clustered = Array.from({ length: 200 }, (_, i) => ({
      unit: `P${i % 10}`,
      value: values[i % 10]!,
    }));
    const width = (estimate: ReturnType<typeof meanByUnit>) =>
      estimate!.interval95[1] - estimate!.interval95[0];
    const single = clustered.map(({ value }, i) => ({ unit: `${i}`, value }));
    expect(width(meanByUnit(clustered))).toBeGreaterThan(3 * width(meanByUnit(single)));
  });
});
