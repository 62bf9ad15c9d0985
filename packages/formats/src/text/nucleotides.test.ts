import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFasta } from "./fasta.ts";
import { recognizeNucleotides } from "./nucleotides.ts";

const coding = "ATGAAACCTGGTTTTTCTCCTCGTGGTGGTGGTTTTGGTGATCGTGGTGGT";

describe("recognizeNucleotides", () => {
  it.each([
    ["a coding sequence", coding, "DNA"],
    ["the same as RNA", coding.replaceAll("T", "U"), "RNA"],
    ["the shortest that is recognised", "ATGAAACCTGGTTTTTCTCC", "DNA"],
    ["one with unknown bases", `NNNNNNNNNN${coding}NNNNNNNNNNNNNNNNNNNNN`, "DNA"],
    ["one with a few ambiguous bases", `${coding}RYSWK`, "DNA"],
    ["one of T and U", `${coding}UUUU`, "DNA"],
  ])("recognises %s", (_, sequence, kind) => {
    expect(recognizeNucleotides(sequence)).toBe(kind);
  });

  it.each([
    ["nothing", ""],
    ["a short peptide of these letters", "ATGAAACCTGGTTTTTCTC"],
    ["a short one between unknown residues", `${"X".repeat(50)}ATGAAACCTGG${"N".repeat(50)}`],
    ["a repeat of glycine and alanine (C9orf72)", "GA".repeat(50)],
    ["an antifreeze glycopeptide of alanine and threonine", "AAT".repeat(20)],
    ["a poly-alanine with glycine and threonine", "AAGAAT".repeat(10)],
    ["a run of threonine, alanine and cysteine", "TAC".repeat(20)],
    ["a spider's silk", "GAGAGSGAGAGSGAGAGYGAGAGSGAGAGSGA"],
    ["one with a tenth of other residues and more", `${coding}MKLEDF`],
    ["cysteine-rich, with serine and tyrosine (KRTAP)", "MCCNYYRNCCGGCGYGSGWSSGCGYGCGYGCGYGSGCGYGSGYGCGYG"],
    [
      "the antifreeze protein of snow fleas",
      "CKGADGAHGVNGCPGTAGAAGSVGGPGCDGGHGGNGGNGNPGCAGGVGGAGGASGGTGVGGRGGKGGSGTPKGADGAPGAP",
    ],
  ])("takes %s for a protein", (_, sequence) => {
    expect(recognizeNucleotides(sequence)).toBeUndefined();
  });

  it("recognises any DNA or RNA of a hundred bases or more, and no protein of as many random residues", () => {
    const sequences = (alphabet: string) =>
      fc
        .array(fc.constantFrom(...alphabet), { minLength: 100, maxLength: 300 })
        .map((letters) => letters.join(""));
    fc.assert(
      fc.property(sequences("ACGT"), sequences("ACDEFGHIKLMNPQRSTVWY"), (dna, protein) => {
        expect(recognizeNucleotides(`ACGT${dna}`)).toBe("DNA");
        expect(recognizeNucleotides(`ACGU${dna.replaceAll("T", "U")}`)).toBe("RNA");
        expect(recognizeNucleotides(protein)).toBeUndefined();
      }),
    );
  });

  it("takes every example protein for one", () => {
    const path = new URL("../../../../examples/proteins.fasta", import.meta.url);
    const records = parseFasta(readFileSync(path), { allowNucleotides: true });
    expect(records.length).toBeGreaterThan(5);
    for (const { id, sequence } of records) expect(recognizeNucleotides(sequence), id).toBeUndefined();
  });
});
