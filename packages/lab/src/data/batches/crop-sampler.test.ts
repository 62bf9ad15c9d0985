import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { crop } from "../../testing/atlas-fixture.ts";
import { createCropSampler, cropWeights, scheduleShare } from "./crop-sampler.ts";

const even = { compartmentBalance: 0, sourceBalance: 0, rules: [] };

describe("cropWeights", () => {
  it("weighs by quality and consistency", () => {
    const crops = [crop({ quality: 0.5 }), crop({ labelConsistency: 0.4 })];
    expect([...cropWeights(crops, even)]).toEqual([0.5, 0.4]);
  });

  it("samples compartments equally often at balance 1, whatever their number", () => {
    const crops = [...Array(9).fill(crop()), crop({ primary: "Golgi" })];
    const weights = cropWeights(crops, { ...even, compartmentBalance: 1 });
    expect(weights.subarray(0, 9).reduce((sum, weight) => sum + weight)).toBeCloseTo(weights[9]!, 6);
  });

  it("samples sources equally often at source balance 1", () => {
    const crops = [...Array(4).fill(crop()), crop({ source: "other" })];
    const weights = cropWeights(crops, { ...even, sourceBalance: 1 });
    expect(weights[0]! * 4).toBeCloseTo(weights[4]!, 6);
  });

  it("applies a rule to the crops that agree with all its fields", () => {
    const crops = [
      crop({ source: "duloc", primary: "plasma_membrane" }),
      crop({ source: "duloc" }),
      crop({ primary: "plasma_membrane" }),
    ];
    const rules = [{ source: "duloc", primary: "plasma_membrane", weight: 0.25 }];
    expect([...cropWeights(crops, { ...even, rules })]).toEqual([0.25, 1, 1]);
  });
});

describe("createCropSampler", () => {
  const real = crop({ index: 1 });
  const blend = crop({ index: 2, isBlend: true });

  it("samples blends with their probability", () => {
    const draw = createCropSampler([real, blend], Float64Array.of(1, 1));
    const uniform = createGenerator(0, "draws").uniform(2000);
    const shares = [0, 0.3, 1].map((share) => {
      const drawn = Array.from({ length: 1000 }, (_, i) =>
        draw([uniform[2 * i]!, uniform[2 * i + 1]!], { blend: share, simulated: 0 }),
      );
      return drawn.filter(({ isBlend }) => isBlend).length / 1000;
    });
    expect(shares).toEqual([0, expect.closeTo(0.3, 1), 1]);
  });

  it("samples simulated cells and blends, each with its own probability", () => {
    const simulated = crop({ index: 3, source: "simulated" });
    const draw = createCropSampler([real, blend, simulated], Float64Array.of(1, 1, 1));
    const shares = { blend: 0.2, simulated: 0.5 };
    const drawn = [0.1, 0.25, 0.45, 0.55, 0.95].map((first) => draw([first, 0.5], shares));
    expect(drawn).toEqual([blend, real, real, simulated, simulated]);
  });

  it("samples from what there is, and refuses where there is nothing", () => {
    const none = { blend: 0, simulated: 0 };
    expect(createCropSampler([real], Float64Array.of(1))([0, 0], { ...none, blend: 1 })).toBe(real);
    expect(createCropSampler([real], Float64Array.of(1))([0, 0], { ...none, simulated: 1 })).toBe(real);
    expect(createCropSampler([blend], Float64Array.of(1))([0.5, 0], none)).toBe(blend);
    expect(() => createCropSampler([real], Float64Array.of(0))).toThrow(/no crop has a weight/);
  });
});

describe("scheduleShare", () => {
  it("goes from start to end and stays there", () => {
    const at = (progress: number) => scheduleShare({ start: 0.4, end: 0.1 }, progress);
    expect([at(0), at(0.5), at(1), at(2)]).toEqual([0.4, 0.25, expect.closeTo(0.1), expect.closeTo(0.1)]);
  });
});
