// How often one residue substitutes for another in homologous proteins: BLOSUM62 (Henikoff & Henikoff 1992,
// doi:10.1073/pnas.89.22.10915), log odds in half bits.

const residues = "ARNDCQEGHILKMFPSTWYV";

const scores = [
  " 4 -1 -2 -2  0 -1 -1  0 -2 -1 -1 -1 -1 -2 -1  1  0 -3 -2  0", // A
  "-1  5  0 -2 -3  1  0 -2  0 -3 -2  2 -1 -3 -2 -1 -1 -3 -2 -3", // R
  "-2  0  6  1 -3  0  0  0  1 -3 -3  0 -2 -3 -2  1  0 -4 -2 -3", // N
  "-2 -2  1  6 -3  0  2 -1 -1 -3 -4 -1 -3 -3 -1  0 -1 -4 -3 -3", // D
  " 0 -3 -3 -3  9 -3 -4 -3 -3 -1 -1 -3 -1 -2 -3 -1 -1 -2 -2 -1", // C
  "-1  1  0  0 -3  5  2 -2  0 -3 -2  1  0 -3 -1  0 -1 -2 -1 -2", // Q
  "-1  0  0  2 -4  2  5 -2  0 -3 -3  1 -2 -3 -1  0 -1 -3 -2 -2", // E
  " 0 -2  0 -1 -3 -2 -2  6 -2 -4 -4 -2 -3 -3 -2  0 -2 -2 -3 -3", // G
  "-2  0  1 -1 -3  0  0 -2  8 -3 -3 -1 -2 -1 -2 -1 -2 -2  2 -3", // H
  "-1 -3 -3 -3 -1 -3 -3 -4 -3  4  2 -3  1  0 -3 -2 -1 -3 -1  3", // I
  "-1 -2 -3 -4 -1 -2 -3 -4 -3  2  4 -2  2  0 -3 -2 -1 -2 -1  1", // L
  "-1  2  0 -1 -3  1  1 -2 -1 -3 -2  5 -1 -3 -1  0 -1 -3 -2 -2", // K
  "-1 -1 -2 -3 -1  0 -2 -3 -2  1  2 -1  5  0 -2 -1 -1 -1 -1  1", // M
  "-2 -3 -3 -3 -2 -3 -3 -3 -1  0  0 -3  0  6 -4 -2 -2  1  3 -1", // F
  "-1 -2 -2 -1 -3 -1 -1 -2 -2 -3 -3 -1 -2 -4  7 -1 -1 -4 -3 -2", // P
  " 1 -1  1  0 -1  0  0  0 -1 -2 -2  0 -1 -2 -1  4  1 -3 -2 -2", // S
  " 0 -1  0 -1 -1 -1 -1 -2 -2 -1 -1 -1 -1 -2 -1  1  5 -2 -2  0", // T
  "-3 -3 -4 -4 -2 -2 -3 -2 -2 -3 -2 -3 -1  1 -4 -3 -2 11  2 -3", // W
  "-2 -2 -2 -3 -2 -1 -2 -3  2 -1 -1 -2 -1  3 -3 -2 -2  2  7 -1", // Y
  " 0 -3 -3 -3 -1 -2 -2 -3 -3  3  1 -2  1 -1 -2 -2  0 -3 -1  4", // V
].map((row) => row.trim().split(/ +/).map(Number));

const positions = new Map([...residues].map((residue, position) => [residue, position]));

/** The score of two of the twenty residues. @throws RangeError for another letter */
export function blosum62(first: string, second: string): number {
  const score = scores[positions.get(first) ?? -1]?.[positions.get(second) ?? -1];
  if (score === undefined) throw new RangeError(`BLOSUM62 has no score of ${first} and ${second}`);
  return score;
}

/** Another residue, and how often it substitutes for this one relative to chance. */
export interface Substitute {
  readonly residue: string;
  readonly odds: number;
}

const substitutes = new Map(
  [...residues].map((residue, row) => [
    residue,
    scores[row]!.flatMap((score, column): Substitute[] =>
      score > 0 && column !== row ? [{ residue: residues[column]!, odds: 2 ** (score / 2) }] : [],
    ),
  ]),
);

/** Residues that substitute for this one more often than by chance; C, G, P and letters of no residue have none. */
export function conservativeSubstitutes(residue: string): readonly Substitute[] {
  return substitutes.get(residue) ?? [];
}
