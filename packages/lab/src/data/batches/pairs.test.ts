import { createGenerator } from "@proteoscope/engine";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { compartments } from "../atlas/compartments.ts";
import { createPairing } from "./pairs.ts";

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

  it("pairs other images with a protein that is in their compartment and in no other", () => {
    const { pairedProtein } = createPairing([nuclear, both, golgi]);
    for (const uniform of [0, 0.5, 0.99]) expect(pairedProtein(crop(), uniform)).toBe(nuclear);
  });

  it("pairs a blend with a protein of both compartments, else with one of a single compartment by its share", () => {
    const { pairedProtein } = createPairing([nuclear, both, golgi]);
    expect(pairedProtein(blendOf("nucleoplasm", "cytoplasm"), 0.7)).toBe(both);
    expect(pairedProtein(blendOf("nucleoplasm", "Golgi"), 0.2)).toBe(nuclear);
    expect(pairedProtein(blendOf("nucleoplasm", "Golgi"), 0.8)).toBe(golgi);
  });

  it("samples among the compartments that have a protein, by their shares", () => {
    const { pairedProtein } = createPairing([nuclear, golgi]);
    const threefold = blendOf("ER", "nucleoplasm", "Golgi");
    for (const [uniform, expected] of [
      [0, nuclear],
      [0.49, nuclear],
      [0.51, golgi],
      [0.99, golgi],
    ] as const)
      expect(pairedProtein(threefold, uniform)).toBe(expected);
  });

  it("finds a protein for every random number or for none, and says which", () => {
    const names = fc.uniqueArray(fc.constantFrom(...compartments), { minLength: 1, maxLength: 3 });
    const proteins = fc.array(names, { maxLength: 5 });
    fc.assert(
      fc.property(
        proteins,
        names,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (lists, own, u) => {
          const training = lists.map((list, index) =>
            protein({ id: `P${index}`, labels: list.map((name) => ({ name, weight: 3 })) }),
          );
          const { pairedProtein, isPaired } = createPairing(training);
          const image = blendOf(...own);
          expect(pairedProtein(image, u) !== undefined).toBe(isPaired(image));
        },
      ),
    );
  });

  it("finds no protein where none fits", () => {
    expect(createPairing([nuclear]).pairedProtein(crop({ primary: "ER" }), 0)).toBeUndefined();
  });

  it("takes strong labels and human proteins alone", () => {
    const faint = protein({ id: "F", labels: [{ name: "Golgi", weight: 2 }] });
    const mouse = protein({ id: "M", labels: [{ name: "Golgi", weight: 3 }], isHuman: false });
    expect(createPairing([faint, mouse]).pairedProtein(crop({ primary: "Golgi" }), 0.5)).toBeUndefined();
  });

  it("samples proteins by the weights of their compartments", () => {
    const other = protein({ id: "O", uniprot: "O" });
    const { pairedProtein } = createPairing([nuclear, other], (one, compartments) => {
      expect(compartments).toEqual(["nucleoplasm"]);
      return one === other ? 3 : 1;
    });
    const drawn = Array.from({ length: 100 }, (_, i) => pairedProtein(crop(), i / 100));
    expect(drawn.filter((one) => one === other)).toHaveLength(75);
  });

  it("samples a resolved protein four times as often as one of a whole", () => {
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
