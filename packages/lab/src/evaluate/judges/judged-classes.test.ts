import { describe, expect, it } from "vitest";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import { simulatedSource } from "../../data/atlas/tables.ts";
import { crop } from "../../testing/atlas-fixture.ts";
import { judgedClasses, judgedClassOf } from "./judged-classes.ts";

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
