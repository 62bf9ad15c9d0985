import { createGenerator } from "@proteoscope/engine";
import { homologDefaults, type LoadedHomologs } from "@proteoscope/models";
import { describe, expect, it } from "vitest";
import { lengthMatched } from "./annotated.ts";
import { drawsPerBackground, planNull } from "./null.ts";
import { editElsewhere } from "./variant-null.ts";
import { parseVariant } from "./variants.ts";

const sequence = "MKRSTAYVLWGGHHEEDDCC";
const letters = (text: string) => [...text].sort().join("");

describe("a null", () => {
  const change = (background: string) => background.slice(0, -1);

  it("has half of its draws in matched proteins and half in shuffles, which keep the methionine", () => {
    const matched = ["MAAAAAAAAAAAAAAAAAAA"];
    const plan = planNull(sequence, change, { draws: 40, seed: 0, matched });
    expect(plan).toMatchObject({ matched: 20, shuffled: 20 });
    expect(plan.backgrounds).toHaveLength(40 / drawsPerBackground);
    for (const [index, background] of plan.backgrounds.entries()) {
      if (index % 2 === 0) expect(background).toBe(matched[0]);
      else {
        expect(background).not.toBe(sequence);
        expect([background[0], letters(background)]).toEqual(["M", letters(sequence)]);
      }
    }
    for (const { background, sequence } of plan.draws)
      expect(sequence).toBe(change(plan.backgrounds[background]!));
  });

  it("is of shuffles alone without annotated proteins, and the same for the same seed", () => {
    const plan = planNull(sequence, change, { draws: 10, seed: 4, matched: [] });
    expect(plan).toMatchObject({ matched: 0, shuffled: 10 });
    expect(planNull(sequence, change, { draws: 10, seed: 4, matched: [] })).toEqual(plan);
    expect(planNull(sequence, change, { draws: 10, seed: 5, matched: [] })).not.toEqual(plan);
  });
});

describe("the null of a variant", () => {
  const protein = { id: "TOY", sequence };
  const elsewhere = (name: string, background: string, seed = 0) =>
    editElsewhere(
      sequence,
      parseVariant(name, protein).edits,
      background,
      createGenerator(seed, "elsewhere"),
    );

  it("substitutes another residue of the same kind", () => {
    expect(elsewhere("R3H", "MAAARAAA")).toBe("MAAAHAAA");
  });

  it("deletes as many residues where their composition is nearest", () => {
    expect(elsewhere("del:5-7", "MGGGYATGGG")).toBe("MGGGGGG");
  });

  it("changes the same end of the other protein", () => {
    expect(elsewhere("del:2-4", "MCCCWWWW")).toBe("MWWWW");
    expect(elsewhere("E15*", "MAAAAAAAAAAA")).toBe("MAAAAA");
    expect(elsewhere("signal:KDEL", "MAAAA").slice(0, 5)).toBe("MAAAA");
    expect(letters(elsewhere("signal:KDEL", "MAAAA").slice(5))).toBe("DEKL");
    expect(elsewhere("signal:SP", "MWWWW")).toMatch(/^M[LSVPGA]{16}MWWWW$/);
  });
});

describe("the annotated proteins of a model", () => {
  const proteins = ["MAA", "MKRS", "MKRST", "MKRSTAAAAAA"];
  const homologs: LoadedHomologs = {
    config: { ...homologDefaults, labels: ["nucleus", "ER"] },
    proteins: {
      sequences: new TextEncoder().encode(proteins.join("")),
      ends: Int32Array.of(3, 7, 12, 23),
      shares: Float32Array.of(1, 0, 0, 1, 0.5, 0.5, 0, 0),
    },
    ...{ sources: [], annotations: [] },
  };

  it("give those of the nearest length first, without the protein itself", () => {
    expect(lengthMatched(homologs, "MKRST")).toEqual(["MKRS", "MAA", "MKRSTAAAAAA"]);
    expect(lengthMatched(undefined, "MKRST")).toEqual([]);
  });
});
