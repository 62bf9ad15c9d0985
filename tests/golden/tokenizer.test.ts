// The tokens of fair-esm's batch converter, recorded: ids, special tokens, truncation, and what it refuses.
import { readFileSync } from "node:fs";
import { esm2Tokens, SequenceError, tokenize, tokenizeBatch } from "@proteoscope/models";
import { describe, expect, it } from "vitest";

interface Recorded {
  all_toks: string[];
  tok: Record<string, number[] | string>;
  truncated5: number[][];
}

const file = new URL("./fixtures/esm_tokens.json", import.meta.url);
const recorded: Recorded = JSON.parse(readFileSync(file, "utf8"));

describe("the tokenizer of ESM2", () => {
  it("has the reference's tokens in their order", () => {
    expect(esm2Tokens).toEqual(recorded.all_toks);
  });

  for (const [sequence, ids] of Object.entries(recorded.tok)) {
    if (Array.isArray(ids)) {
      it(`gives "${sequence}" the reference's ids`, () => expect(tokenize(sequence)).toEqual(ids));
    } else {
      it(`refuses "${sequence}", as the reference does`, () => {
        expect(ids).toMatch(/^ERR KeyError/);
        expect(() => tokenize(sequence)).toThrow(SequenceError);
      });
    }
  }

  it("cuts and pads as the reference's batches are", () => {
    const { inputIds } = tokenizeBatch(["MKTAYIAKQR", "MK"], { maxResidues: 5 });
    expect(inputIds.shape).toEqual([2, 7]);
    expect(Array.from(inputIds.data, Number)).toEqual(recorded.truncated5.flat());
  });
});
