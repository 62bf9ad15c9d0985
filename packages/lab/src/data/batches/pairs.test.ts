import { createGenerator } from "@proteoscope/engine";
import { describe, expect, it } from "vitest";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { createCropSampler, createPairing, cropWeights, scheduleShare } from "./pairs.ts";

const even = { compartmentBalance: 0, sourceBalance: 0, rules: [] };

describe("cropWeights", () => {
  it("weighs by quality and consistency", () => {
    const crops = [crop({ quality: 0.5 }), crop({ labelConsistency: 0.4 })];
    expect([...cropWeights(crops, even)]).toEqual([0.5, 0.4]);
  });

  it("shows compartments equally often at balance 1, whatever their number", () => {
    const crops = [...Array(9).fill(crop()), crop({ primary: "Golgi" })];
    const weights = cropWeights(crops, { ...even, compartmentBalance: 1 });
    expect(weights.subarray(0, 9).reduce((sum, weight) => sum + weight)).toBeCloseTo(weights[9]!, 6);
  });

  it("shows sources equally often at source balance 1", () => {
    const crops = [...Array(4).fill(crop()), crop({ source: "other" })];
    const weights = cropWeights(crops, { ...even, sourceBalance: 1 });
    expect(weights[0]! * 4).toBeCloseTo(weights[4]!, 6);
  });

  it("applies a rule to the crops that agree with all it says", () => {
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

  it("draws blends as often as it is told", () => {
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

  it("draws simulated cells beside blends, each by its own share", () => {
    const simulated = crop({ index: 3, source: "simulated" });
    const draw = createCropSampler([real, blend, simulated], Float64Array.of(1, 1, 1));
    const shares = { blend: 0.2, simulated: 0.5 };
    const drawn = [0.1, 0.25, 0.45, 0.55, 0.95].map((first) => draw([first, 0.5], shares));
    expect(drawn).toEqual([blend, real, real, simulated, simulated]);
  });

  it("falls back on what there is, and refuses when that is nothing", () => {
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

describe("createPairing", () => {
  const nuclear = protein({ id: "N", uniprot: "N" });
  const both = protein({
    id: "B",
    uniprot: "B",
    labels: [
      { name: "cytoplasm", weight: 3 },
      { name: "nucleoplasm", weight: 3 },
    ],
  });
  const golgi = protein({ id: "G", uniprot: "G", labels: [{ name: "Golgi", weight: 3 }] });
  const blendOf = (...names: string[]) =>
    crop({ labels: names.map((name) => ({ name, weight: 1 / names.length })), primary: names[0]! });

  it("pairs an image of a known protein with it, whatever its compartment", () => {
    expect(createPairing([nuclear, golgi]).pairedProtein(crop({ uniprot: "G" }), 0.5)).toBe(golgi);
  });

  it("pairs other images with a protein that is in their compartment alone", () => {
    const { pairedProtein } = createPairing([nuclear, both, golgi]);
    for (const uniform of [0, 0.5, 0.99]) expect(pairedProtein(crop(), uniform)).toBe(nuclear);
  });

  it("pairs a blend with a protein of both compartments, else with one by its share", () => {
    const { pairedProtein } = createPairing([nuclear, both, golgi]);
    expect(pairedProtein(blendOf("nucleoplasm", "cytoplasm"), 0.7)).toBe(both);
    expect(pairedProtein(blendOf("nucleoplasm", "Golgi"), 0.2)).toBe(nuclear);
    expect(pairedProtein(blendOf("nucleoplasm", "Golgi"), 0.8)).toBe(golgi);
  });

  it("finds nobody where no protein fits", () => {
    expect(createPairing([nuclear]).pairedProtein(crop({ primary: "ER" }), 0)).toBeUndefined();
  });

  it("looks at strong labels alone, of human proteins alone", () => {
    const faint = protein({ id: "F", labels: [{ name: "Golgi", weight: 2 }] });
    const mouse = protein({ id: "M", labels: [{ name: "Golgi", weight: 3 }], isHuman: false });
    expect(createPairing([faint, mouse]).pairedProtein(crop({ primary: "Golgi" }), 0.5)).toBeUndefined();
  });

  it("draws proteins as often as they are told to weigh, by their compartments", () => {
    const other = protein({ id: "O", uniprot: "O" });
    const { pairedProtein } = createPairing([nuclear, other], (one, compartments) => {
      expect(compartments).toEqual(["nucleoplasm"]);
      return one === other ? 3 : 1;
    });
    const drawn = Array.from({ length: 100 }, (_, i) => pairedProtein(crop(), i / 100));
    expect(drawn.filter((one) => one === other)).toHaveLength(75);
  });

  it("draws a resolved protein four times as often as one of a whole", () => {
    const vague = protein({
      id: "V",
      source: "deeploc2-human",
      labels: [{ name: "nucleoplasm", weight: 1 }],
    });
    const { pairedProtein } = createPairing([nuclear, vague]);
    const uniform = createGenerator(0, "draws").uniform(5000);
    const drawn = Array.from(uniform, (u) => pairedProtein(crop(), u)).filter((one) => one === nuclear);
    expect(drawn.length / 5000).toBeCloseTo(0.8, 1);
  });
});
