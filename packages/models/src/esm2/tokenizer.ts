// The tokenizer of ESM2: from a protein sequence to its 33 tokens, by the rules of fair-esm (esm/data.py, "ESM-1b").
//
//   const { inputIds, attentionMask } = tokenizeBatch(["MKTAYIAKQR", "MK<mask>AYI"]); // [2, 12], [2, 12]
//
// <cls> is put in front and <eos> behind. The text may contain special tokens, and white space is ignored. Anything else
// that is not a token is an error, as in fair-esm, which says what it is and where.

import { type NdArray, ProteoscopeError } from "@proteoscope/formats";

/** All tokens, in the order of their ids. */
export const esm2Tokens: readonly string[] = [
  ...["<cls>", "<pad>", "<eos>", "<unk>"],
  ...["L", "A", "G", "V", "S", "E", "R", "T", "I", "D", "P", "K", "Q", "N", "F", "Y", "M", "H", "W", "C"],
  ...["X", "B", "U", "Z", "O", ".", "-"],
  ...["<null_1>", "<mask>"],
];

/** The id of <cls>, the first token of every sequence. */
export const clsTokenId = 0;
/** The id of <pad>, the padding token. */
export const padTokenId = 1;
/** The id of <eos>, the last token of every sequence. */
export const eosTokenId = 2;
/** The id of <mask>, which stands for a residue to be predicted. */
export const maskTokenId = 32;
/** The ids of the twenty standard amino acids, [begin, end). */
export const standardResidueIds = { begin: 4, end: 24 } as const;

const idOf = new Map(esm2Tokens.map((token, id) => [token, id]));
const residues = "ACDEFGHIKLMNPQRSTVWY";
const allowed = `${residues}, X B U Z O for the unusual, . and - for gaps, ${["mask", "cls", "pad", "eos", "unk", "null_1"].map((name) => `<${name}>`).join(" ")}`;

/** A sequence that the language model has no tokens for; `position` counts tokens from 1. */
export class SequenceError extends ProteoscopeError {
  override readonly name = "SequenceError";

  constructor(
    readonly residue: string,
    readonly position: number,
  ) {
    super(`residue "${residue}" at position ${position} is unknown; ${advice(residue)}`, {
      kind: "data",
      field: "sequence",
    });
  }
}

function advice(residue: string): string {
  if (residue === "*") return "* marks a stop codon: remove it";
  if (residue === "J") return "J means leucine or isoleucine: write L, I or X";
  if (idOf.has(residue.toUpperCase())) return "write residues in upper case";
  return `allowed are ${allowed}`;
}

/** How a sequence is cut. */
export interface TokenizeOptions {
  /** Largest number of tokens without <cls> and <eos>; further ones are cut off. All are used when absent. */
  readonly maxResidues?: number;
}

/**
 * The ids of a sequence between <cls> and <eos>.
 *
 * @throws SequenceError at the first character that is no token: J, *, lower case, digits.
 */
export function tokenize(sequence: string, { maxResidues = Infinity }: TokenizeOptions = {}): number[] {
  const ids: number[] = [];
  for (const [token] of sequence.matchAll(/<\w+>|[^\s]/gu)) {
    const id = idOf.get(token);
    if (id === undefined) throw new SequenceError(token, ids.length + 1);
    ids.push(id);
  }
  return [clsTokenId, ...ids.slice(0, maxResidues), eosTokenId];
}

/** Sequences as one padded batch. */
export interface TokenBatch {
  /** Tokens, int64 [B, L], padded on the right. */
  readonly inputIds: NdArray;
  /** Mask, int64 [B, L]: 1 at tokens, 0 at padding. */
  readonly attentionMask: NdArray;
}

/** How sequences become a batch. */
export interface BatchOptions extends TokenizeOptions {
  /** L, where it must be the same for every batch; that of the longest sequence when absent. */
  readonly length?: number;
}

/** Tokenizes sequences to one padded batch. @throws SequenceError; RangeError when a sequence does not fit `length`. */
export function tokenizeBatch(sequences: readonly string[], options: BatchOptions = {}): TokenBatch {
  const rows = sequences.map((sequence) => tokenize(sequence, options));
  const longest = rows.reduce((length, row) => Math.max(length, row.length), 0);
  const { length = longest } = options;
  if (longest > length)
    throw new RangeError(
      `a sequence has ${longest} tokens, the batch ${length}: set maxResidues to ${length - 2} or less`,
    );
  const shape = [rows.length, length];
  const inputIds = new BigInt64Array(rows.length * length).fill(BigInt(padTokenId));
  const attentionMask = new BigInt64Array(inputIds.length);
  for (const [index, row] of rows.entries()) {
    inputIds.set(row.map(BigInt), index * length);
    attentionMask.fill(1n, index * length, index * length + row.length);
  }
  return {
    inputIds: { dtype: "int64", shape, data: inputIds },
    attentionMask: { dtype: "int64", shape, data: attentionMask },
  };
}
