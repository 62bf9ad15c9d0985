import { describe, expect, it } from "vitest";
import { protein } from "../../testing/atlas-fixture.ts";
import {
  type Compartment,
  compartmentGroups,
  compartments,
  imageCompartments,
  imageTargets,
  placeCompartment,
  placeLabels,
  sequenceTargets,
} from "./compartments.ts";

const labelled = (...names: string[]) => names.map((name) => ({ name, weight: 1 }));
const at = (name: Compartment) => compartments.indexOf(name);

describe("the vocabulary", () => {
  it("has no name twice and begins with the nine of the first model", () => {
    expect(new Set(compartments).size).toBe(compartments.length);
    expect(compartments.slice(0, 9)).toEqual([
      ...["mitochondria", "nucleoplasm", "ER", "cytoplasm", "vesicles"],
      ...["nuclear_membrane", "nucleolus", "Golgi", "nuclear_domains"],
    ]);
  });

  it("has groups whose members are compartments of one group alone", () => {
    const members = compartmentGroups.flatMap((group) => group.members);
    expect(new Set(members).size).toBe(members.length);
    expect(compartments).toEqual(expect.arrayContaining(members));
  });

  it("leaves out of pictures what leaves the cell", () => {
    expect(imageCompartments).not.toContain("extracellular");
    expect(imageCompartments).toHaveLength(compartments.length - 1);
  });
});

describe("placeCompartment", () => {
  it("gives names of the vocabulary as they are, finer ones their compartment, and none to those outside of it", () => {
    expect(placeCompartment("Golgi")).toBe("Golgi");
    expect(placeCompartment("chromatin")).toBe("nucleoplasm");
    expect(placeCompartment("lipid_droplets")).toBe("vesicles");
    expect(placeCompartment("aggregates")).toBeUndefined();
  });

  it("refuses a name that no atlas has", () => {
    expect(() => placeCompartment("golgi")).toThrow(/"golgi" is not a compartment; known are mitochondria/);
    expect(() => placeCompartment("toString")).toThrow(/not a compartment/);
  });

  it("takes the largest weight of labels of one compartment", () => {
    const labels = [
      { name: "chromatin", weight: 2 },
      { name: "nucleoplasm", weight: 1 },
    ];
    expect([...placeLabels(labels)]).toEqual([["nucleoplasm", 2]]);
  });
});

describe("sequenceTargets", () => {
  it("takes OpenCell's clear grades for yes, its absent labels for no and faint ones for unknown", () => {
    const labels = [
      { name: "nucleolus", weight: 3 },
      { name: "nucleoplasm", weight: 2 },
      { name: "cytoplasm", weight: 1 },
    ];
    const { targets, known, groupKnown } = sequenceTargets(protein({ labels }));
    expect([targets[at("nucleolus")], known[at("nucleolus")]]).toEqual([1, 1]);
    expect([targets[at("nucleoplasm")], known[at("nucleoplasm")]]).toEqual([1, 1]);
    expect([targets[at("Golgi")], known[at("Golgi")]]).toEqual([0, 1]);
    expect(known[at("cytoplasm")]).toBe(0);
    expect(known[at("extracellular")]).toBe(0);
    expect([...groupKnown]).toEqual([0, 0]);
  });

  it("takes Swiss-Prot's nucleus for some part of it, no one knows which", () => {
    const swissprot = protein({ source: "deeploc2-swissprot", labels: labelled("nucleoplasm", "ER") });
    const { targets, known, groupTargets, groupKnown } = sequenceTargets(swissprot);
    for (const part of compartmentGroups[0]!.members) {
      expect([targets[at(part)], known[at(part)]], part).toEqual([0, 0]);
    }
    expect([...groupTargets]).toEqual([1, 0]);
    expect([...groupKnown]).toEqual([1, 0]);
    expect([targets[at("ER")], known[at("ER")]]).toEqual([1, 1]);
    expect([targets[at("extracellular")], known[at("extracellular")]]).toEqual([0, 1]);
  });

  it("takes a whole that Swiss-Prot does not name for the absence of all its parts", () => {
    const { targets, known } = sequenceTargets(
      protein({ source: "deeploc2-swissprot", labels: labelled("mitochondria") }),
    );
    for (const part of compartmentGroups.flatMap(({ members }) => members)) {
      expect([targets[at(part)], known[at(part)]], part).toEqual([0, 1]);
    }
  });

  it("know nothing of a protein whose labels are outside the vocabulary, or that has none", () => {
    for (const labels of [labelled("plastid"), []]) {
      const { known, groupKnown } = sequenceTargets(protein({ source: "deeploc2-swissprot", labels }));
      expect(known.some((value) => value === 1)).toBe(false);
      expect(groupKnown.some((value) => value === 1)).toBe(false);
    }
  });
});

describe("imageTargets", () => {
  it("are shares that sum to 1, without labels outside the vocabulary", () => {
    const shares = imageTargets([
      { name: "cytoplasm", weight: 0.5 },
      { name: "nucleolus", weight: 0.25 },
      { name: "aggregates", weight: 0.25 },
    ]);
    expect(shares![at("cytoplasm")]).toBeCloseTo(2 / 3, 6);
    expect(shares![at("nucleolus")]).toBeCloseTo(1 / 3, 6);
    expect(shares!.reduce((sum, share) => sum + share)).toBeCloseTo(1, 6);
  });

  it("are undefined where no label is in the vocabulary", () => {
    expect(imageTargets(labelled("aggregates"))).toBeUndefined();
  });
});
