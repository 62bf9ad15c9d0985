import { describe, expect, it } from "vitest";
import { esm2Tokens, SequenceError, standardResidueIds, tokenize, tokenizeBatch } from "./tokenizer.ts";

function refusal(sequence: string): SequenceError {
  try {
    tokenize(sequence);
  } catch (error) {
    if (error instanceof SequenceError) return error;
    throw error;
  }
  throw new Error(`${sequence} was accepted`);
}

describe("tokenize", () => {
  it("puts <cls> in front and <eos> behind, also around nothing", () => {
    expect(tokenize("MK")).toEqual([0, 20, 15, 2]);
    expect(tokenize("")).toEqual([0, 2]);
  });

  it("drops white space of every kind", () => {
    expect(tokenize(" M\tK\r\n T\u00a0")).toEqual(tokenize("MKT"));
  });

  it("takes special tokens for what they are, whole", () => {
    expect(tokenize("MK<mask>A")).toEqual([0, 20, 15, 32, 5, 2]);
    expect(tokenize("<null_1>")).toEqual([0, 31, 2]);
    expect(refusal("M<masc>K")).toMatchObject({ residue: "<masc>", position: 2 });
  });

  it("says which residue is wrong, where, and what to do", () => {
    expect(refusal("MKTJ1V")).toMatchObject({ residue: "J", position: 4 });
    expect(refusal("MKTJ1V").message).toMatch(/"J" at position 4 .*write L, I or X/);
    expect(refusal("MKV*").message).toMatch(/"\*" at position 4 .*stop codon.*remove/);
    expect(refusal("mkv").message).toMatch(/"m" at position 1 .*upper case/);
    expect(refusal("M1").message).toMatch(/"1" at position 2 .*allowed are ACDEFGHIKLMNPQRSTVWY/);
    expect(refusal("M🧬").residue).toBe("🧬");
  });

  it("counts positions in residues, not in characters", () => {
    expect(refusal("MK\n TJ").position).toBe(4);
    expect(refusal("<mask>MJ").position).toBe(3);
  });

  it("looks at what it cuts off", () => {
    expect(tokenize("MKTAYI", { maxResidues: 2 })).toEqual([0, 20, 15, 2]);
    expect(() => tokenize("MKTAY*", { maxResidues: 2 })).toThrow(SequenceError);
  });

  it("knows where the standard amino acids are", () => {
    const { begin, end } = standardResidueIds;
    expect(esm2Tokens.slice(begin, end).sort().join("")).toBe("ACDEFGHIKLMNPQRSTVWY");
    expect(new Set(esm2Tokens).size).toBe(33);
  });
});

describe("tokenizeBatch", () => {
  it("pads on the right and masks the padding", () => {
    const { inputIds, attentionMask } = tokenizeBatch(["MKT", "M"]);
    expect(inputIds.shape).toEqual([2, 5]);
    expect(Array.from(inputIds.data, Number)).toEqual([0, 20, 15, 11, 2, 0, 20, 2, 1, 1]);
    expect(Array.from(attentionMask.data, Number)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  });

  it("keeps a fixed length for training", () => {
    const { inputIds, attentionMask } = tokenizeBatch(["MK", ""], { length: 6, maxResidues: 4 });
    expect(inputIds.shape).toEqual([2, 6]);
    expect(Array.from(inputIds.data, Number)).toEqual([0, 20, 15, 2, 1, 1, 0, 2, 1, 1, 1, 1]);
    expect(Array.from(attentionMask.data.subarray(6), Number)).toEqual([1, 1, 0, 0, 0, 0]);
  });

  it("does not cut a sequence that nobody asked to cut", () => {
    expect(() => tokenizeBatch(["MKTAY"], { length: 6 })).toThrow(
      /7 tokens, the batch 6: .*maxResidues to 4/,
    );
  });

  it("makes an empty batch of no sequences", () => {
    expect(tokenizeBatch([]).inputIds.shape).toEqual([0, 0]);
  });
});
