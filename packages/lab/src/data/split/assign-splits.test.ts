import { describe, expect, it } from "vitest";
import { assignSplit, type DividedSet, presetNames, type SplitPreset, writeSplits } from "./assign-splits.ts";

// 60 proteins in 20 clusters of three, each in five fields of each of three cell lines.
const proteins = Array.from({ length: 60 }, (_, at) => ({ id: `P${at}`, cluster: `C${Math.floor(at / 3)}` }));
const fields = proteins.flatMap(({ id }) =>
  ["A", "B", "C"].flatMap((cellLine) =>
    Array.from({ length: 5 }, (_, at) => ({ field: `${id} ${cellLine} ${at}`, protein: id, cellLine })),
  ),
);
const set: DividedSet = { proteins, fields };
const assign = (preset: SplitPreset, rest = {}) => assignSplit(set, { preset, seed: 1, ...rest });
const countOf = (words: ReadonlyMap<string, string>, word: string) =>
  [...words.values()].filter((one) => one === word).length;

describe("assignSplit", () => {
  it.each(presetNames)(
    "divides every field and every protein by %s, the same for the same seed",
    (preset) => {
      const { proteins: byProtein, fields: byField } = assign(preset);
      expect(byProtein.size).toBe(60);
      expect(byField.size).toBe(900);
      expect(assign(preset)).toEqual({ proteins: byProtein, fields: byField });
      expect(assign(preset, { seed: 2 }).fields).not.toEqual(byField);
      expect(countOf(byField, "train")).toBeGreaterThan(450);
      expect(countOf(byField, "test")).toBeGreaterThan(0);
    },
  );

  it("holds out whole clusters near the fractions, and fields of every protein", () => {
    const { proteins: byProtein, fields: byField } = assign("standard");
    for (let cluster = 0; cluster < 20; cluster++) {
      const words = [0, 1, 2].map((at) => byProtein.get(`P${3 * cluster + at}`));
      expect(new Set(words).size).toBe(1);
    }
    expect([countOf(byProtein, "train"), countOf(byProtein, "val"), countOf(byProtein, "test")]).toEqual([
      48, 6, 6,
    ]);
    for (const { id } of proteins) {
      const words = fields.filter(({ protein }) => protein === id).map(({ field }) => byField.get(field));
      expect(new Set(words)).toEqual(new Set(["train", "val", "test"]));
    }
  });

  it("trains on every protein, or on those of standard alone", () => {
    expect(countOf(assign("all_proteins").proteins, "train")).toBe(60);
    const standard = assign("standard").proteins;
    for (const [id, word] of assign("train_proteins").proteins)
      expect(word).toBe(standard.get(id) === "train" ? "train" : "unused");
  });

  it("holds out all fields of a protein below the identity", () => {
    const { proteins: byProtein, fields: byField } = assign("below_50_identity");
    for (const { field, protein } of fields) {
      const word = byProtein.get(protein)!;
      if (word !== "train") expect(byField.get(field)).toBe(word);
    }
    expect(countOf(byProtein, "test")).toBe(6);
  });

  it("holds out combinations whose cell line and protein are trained on elsewhere", () => {
    const { fields: byField } = assign("cell_line_by_protein");
    const wordsBy = (key: "protein" | "cellLine", cellOf: (field: (typeof fields)[number]) => string) => {
      const seen = new Map<string, Set<string>>();
      for (const field of fields) {
        const name = key === "protein" ? field.protein : field.cellLine;
        seen.set(name, (seen.get(name) ?? new Set()).add(cellOf(field)));
      }
      return seen;
    };
    for (const key of ["protein", "cellLine"] as const)
      for (const words of wordsBy(key, ({ field }) => byField.get(field)!).values())
        expect(words).toContain("train");
    for (const words of wordsBy(
      "protein",
      ({ cellLine, field }) => `${cellLine} ${byField.get(field)}`,
    ).values())
      expect(words.size).toBe(3); // one word for each combination
  });

  it("holds out the cell line that is asked for", () => {
    const { fields: byField } = assign("held_out_cell_line", { cellLines: ["B"] });
    for (const { field, cellLine } of fields) expect(byField.get(field) === "test").toBe(cellLine === "B");
    expect(() => assign("held_out_cell_line", { cellLines: ["Z"] })).toThrow(
      /no field is of Z: there are A, B, C/,
    );
  });

  it.each([
    [[0.5, 0.2, 0.2], /do not sum to 1/],
    [[0, 0.5, 0.5], /leave nothing to train on/],
  ])("refuses the fractions %j", (fractions, message) => {
    expect(() => assign("standard", { fractions })).toThrow(message);
  });

  it("leaves a protein with one field to training", () => {
    const one = { proteins: [{ id: "P" }], fields: [{ field: "f", protein: "P" }] };
    expect(assignSplit(one, { preset: "all_proteins", seed: 0 }).fields.get("f")).toBe("train");
  });

  it("is written as columns", () => {
    const one = { proteins: [{ id: "P" }], fields: [{ field: "f", protein: "P" }] };
    const columns = new Map([["all_proteins", assignSplit(one, { preset: "all_proteins", seed: 0 })]]);
    expect(writeSplits(columns)).toBe("kind,id,all_proteins\nprotein,P,train\nfield,f,train\n");
  });
});
