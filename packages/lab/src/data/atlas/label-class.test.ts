import { describe, expect, it } from "vitest";
import { protein } from "../../testing/atlas-fixture.ts";
import { labelOf } from "./label-class.ts";

const nucleus = ["nucleoplasm", "nucleolus", "nuclear_membrane", "nuclear_domains"];

describe("the class of a protein", () => {
  const named = (...names: string[]) => names.map((name) => ({ name, weight: 3 }));

  it("is its one compartment, to which finer names belong", () => {
    expect(labelOf(protein({ labels: named("chromatin", "nucleoplasm") }))).toEqual({
      name: "nucleoplasm",
      members: ["nucleoplasm"],
    });
  });

  it("is any part of a whole where the source does not resolve it", () => {
    const swissProt = { source: "deeploc2-swissprot", labels: named("nucleoplasm") } as const;
    expect(labelOf(protein(swissProt))).toEqual({ name: "nucleus (any part)", members: nucleus });
    const golgi = { ...swissProt, labels: named("Golgi") };
    expect(labelOf(protein(golgi))).toEqual({ name: "Golgi", members: ["Golgi"] });
  });

  it("ignores what OpenCell grades as barely visible, and nothing of other sources", () => {
    const graded = (second: number) => [
      { name: "ER", weight: 3 },
      { name: "Golgi", weight: second },
    ];
    const er = { name: "ER", members: ["ER"] };
    expect(labelOf(protein({ labels: graded(1) }))).toEqual(er);
    for (const second of [2, 3]) expect(labelOf(protein({ labels: graded(second) }))).toBeUndefined();
    expect(labelOf(protein({ labels: [{ name: "ER", weight: 2 }] }))).toEqual(er);
    expect(labelOf(protein({ labels: [{ name: "ER", weight: 1 }] }))).toBeUndefined();
    for (const source of ["deeploc2-swissprot", "deeploc2-human"] as const) {
      expect(labelOf(protein({ source, labels: graded(1) }))).toBeUndefined();
      expect(labelOf(protein({ source, labels: [{ name: "ER", weight: 1 }] }))).toEqual(er);
    }
  });

  it("is undefined for several compartments, for none that an image shows, and for none at all", () => {
    for (const labels of [named("ER", "Golgi"), named("extracellular"), named("ER", "aggregates"), []])
      expect(labelOf(protein({ labels }))).toBeUndefined();
  });
});
