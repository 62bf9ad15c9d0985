import { createGenerator } from "@proteoscope/engine";
import { nuclearDistance } from "@proteoscope/imaging";
import { beforeAll, describe, expect, it } from "vitest";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import { simulatedSource } from "../../data/atlas/tables.ts";
import { crop } from "../../testing/atlas-fixture.ts";
import {
  describeImage,
  type FeatureJudge,
  fitFeatureJudge,
  judgedClasses,
  judgedClassOf,
  mostLikely,
  vectorOf,
} from "./feature-judge.ts";

const nameOf = (changes: Parameters<typeof crop>[0]) => {
  const position = judgedClassOf(crop(changes));
  return position === undefined ? undefined : judgedClasses[position]!.name;
};

describe("judgedClasses", () => {
  it("has every compartment that a picture can show once", () => {
    expect(judgedClasses.flatMap(({ members }) => members).toSorted()).toEqual(
      [...imageCompartments].toSorted(),
    );
  });
});

describe("judgedClassOf", () => {
  const labels = (...shares: [string, number][]) => shares.map(([name, weight]) => ({ name, weight }));

  it("is the class of a crop's labels where one is clear, finer names under theirs", () => {
    expect(nameOf({ labels: labels(["Golgi", 1]) })).toBe("Golgi");
    expect(nameOf({ labels: labels(["lipid_droplets", 1]) })).toBe("vesicles");
    expect(nameOf({ labels: labels(["nucleolus", 0.75], ["nucleoplasm", 0.25]) })).toBe("nucleolus");
    expect(nameOf({ labels: labels(["ER", 0.5], ["cytoplasm", 0.5]) })).toBe("cytoplasm or ER");
  });

  it("is none for a crop of several compartments or of none of them", () => {
    expect(nameOf({ labels: labels(["nucleolus", 0.5], ["nucleoplasm", 0.5]) })).toBeUndefined();
    expect(nameOf({ labels: labels(["aggregates", 1]) })).toBeUndefined();
  });

  it("is none for blends and simulated cells, from which it must not learn", () => {
    expect(nameOf({ isBlend: true })).toBeUndefined();
    expect(nameOf({ source: simulatedSource })).toBeUndefined();
  });
});

const side = 40;
const at = (pixel: number) => ({ x: (pixel % side) - 19.5, y: Math.floor(pixel / side) - 19.5 });
const distance = nuclearDistance(
  Uint8Array.from({ length: side * side }, (_, pixel) => (Math.hypot(at(pixel).x, at(pixel).y) < 10 ? 1 : 0)),
  { height: side, width: side },
);

/** A cell with its protein in the nucleus, around it or on its rim, under noise. */
function draw(where: "nucleoplasm" | "cytoplasm" | "nuclear_membrane", seed: number): number[] {
  const noise = createGenerator(seed, "cell", where).uniform(side * side);
  const isLit = {
    nucleoplasm: (depth: number) => depth > 0,
    cytoplasm: (depth: number) => depth <= 0,
    nuclear_membrane: (depth: number) => Math.abs(depth) < 1.5,
  }[where];
  const protein = noise.map((value, pixel) => 0.3 * value + (isLit(distance[pixel]!) ? 0.6 : 0.05));
  const nucleus = distance.map((depth) => (depth > 0 ? 0.5 : 0));
  return vectorOf(describeImage({ side, protein, nucleus, distance }));
}

describe("fitFeatureJudge", () => {
  const places = ["nucleoplasm", "cytoplasm", "nuclear_membrane"] as const;
  const label = (where: (typeof places)[number]) =>
    judgedClasses.findIndex(({ members }) => members.includes(where));
  let fitted: FeatureJudge;
  beforeAll(() => {
    const cells = places.flatMap((where) =>
      Array.from({ length: 12 }, (_, i) => ({
        features: draw(where, i),
        label: label(where),
        group: `${where} ${i % 4}`,
      })),
    );
    fitted = fitFeatureJudge(cells);
  });

  it("reads where the protein is off pictures that it has not seen", () => {
    for (const where of places)
      for (let seed = 100; seed < 105; seed++)
        expect(mostLikely(fitted.judge(draw(where, seed))), where).toBe(label(where));
  });

  it("says how often it is right about real cells, by class and field", () => {
    const { crops, fields, accuracy, macroRecall, recalls } = fitted.onRealCells;
    expect({ crops, fields }).toEqual({ crops: 36, fields: 12 });
    expect(accuracy).toBeGreaterThan(0.9);
    expect(macroRecall).toBeCloseTo(accuracy, 10); // classes of one size
    expect(recalls.map(({ name, crops, fields }) => [name, crops, fields])).toEqual([
      ["nucleoplasm", 12, 4],
      ["nuclear_membrane", 12, 4],
      ["cytoplasm or ER", 12, 4],
    ]);
  });
});
