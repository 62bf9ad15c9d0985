// The tokenizer of ESMC: one token per character between <cls> and <eos>, by the rules of its makers' library. Residues have
// the ids that ESM2 gives them; id 31 is "|" between chains. Text that is no token becomes <unk> there and never an error,
// so that a typing mistake passes unseen: what takes a user's sequence tokenizes with ../esm2/tokenizer.ts, which refuses.

import { clsTokenId, eosTokenId, esm2Tokens } from "../esm2/tokenizer.ts";

/** All tokens with text, in the order of their ids; ids up to 63 have rows and no text. */
export const esmcTokens: readonly string[] = esm2Tokens.map((token) => (token === "<null_1>" ? "|" : token));

const idOf = new Map(esmcTokens.map((token, id) => [token, id]));
const unknownTokenId = 3;

/** The ids of a text between <cls> and <eos>, as the library gives them. */
export function tokenizeEsmc(text: string): number[] {
  const ids = [...text.matchAll(/<(?:cls|pad|eos|unk|mask)>|./gsu)].map(
    ([token]) => idOf.get(token) ?? unknownTokenId,
  );
  return [clsTokenId, ...ids, eosTokenId];
}
