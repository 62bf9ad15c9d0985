// The tokens of CELL-Diff: those of ESM2 without <null_1>, so that <mask> is 31. The language model inside is given these ids
// as they are, and reads 31 as a token of its own.

import { esm2Tokens, SequenceError, tokenize } from "../esm2/tokenizer.ts";

/** All tokens, in the order of their ids. */
export const cellDiffTokens: readonly string[] = esm2Tokens.filter((token) => token !== "<null_1>");

/** The id of <mask>, which stands for a residue to be drawn. */
export const cellDiffMaskId = cellDiffTokens.indexOf("<mask>");

/** The ids of a sequence between <cls> and <eos>; white space is ignored. @throws SequenceError as ESM2's tokenizer does. */
export function tokenizeCellDiff(sequence: string): number[] {
  return tokenize(sequence).map((id, index) => {
    const token = esm2Tokens[id]!;
    if (token === "<null_1>") throw new SequenceError(token, index);
    return cellDiffTokens.indexOf(token);
  });
}
