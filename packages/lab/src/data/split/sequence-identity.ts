// How alike two sequences are: identical residues per aligned column of the best local alignment (Smith & Waterman 1981, gaps
// after Gotoh 1982, BLOSUM62, opening 11, extension 1), with how much of the shorter sequence is aligned.

import { blosum62 } from "../batches/blosum62.ts";

/** The alignment of two sequences in figures. */
export interface SequenceIdentity {
  /** Identical residues per aligned column, 0 to 1; 0 where nothing aligns. */
  readonly identity: number;
  /** Aligned columns per residue of the shorter sequence, 0 to 1. */
  readonly coverage: number;
  /** Aligned columns. */
  readonly columns: number;
}

const letters = "ARNDCQEGHILKMFPSTWYV";
const codes = new Int8Array(128).fill(-1);
for (const [code, letter] of [...letters].entries()) codes[letter.charCodeAt(0)] = code;
const scores = Int8Array.from({ length: 400 }, (_, at) =>
  blosum62(letters[Math.floor(at / 20)]!, letters[at % 20]!),
);
const [gapOpen, gapExtend] = [12, 1]; // the first residue of a gap costs both
const unknownScore = -1;

/** The residues of a sequence as numbers 0 to 19; -1 for letters that are none of the twenty. */
export function encodeResidues(sequence: string): Int8Array {
  return Int8Array.from(sequence, (letter) => codes[letter.charCodeAt(0)] ?? -1);
}

/**
 * Aligns two encoded sequences.
 *
 * Long because one loop fills all cells of the three matrices of Gotoh's recurrence, each with the matches and columns of its
 * best path, so that no path has to be traced back.
 */
export function sequenceIdentity(first: Int8Array, second: Int8Array): SequenceIdentity {
  const width = second.length + 1;
  const best = new Int32Array(width);
  const bestPath = new Int32Array(2 * width);
  const vertical = new Int32Array(width).fill(-1e6);
  const verticalPath = new Int32Array(2 * width);
  let [top, topMatches, topColumns] = [0, 0, 0];
  for (let row = 0; row < first.length; row++) {
    const residue = first[row]!;
    let [diagonal, diagonalMatches, diagonalColumns] = [0, 0, 0];
    let [horizontal, horizontalMatches, horizontalColumns] = [-1e6, 0, 0];
    for (let column = 1; column < width; column++) {
      const other = second[column - 1]!;
      const [above, aboveMatches, aboveColumns] = [
        best[column]!,
        bestPath[2 * column]!,
        bestPath[2 * column + 1]!,
      ];
      if (above - gapOpen >= vertical[column]! - gapExtend) {
        vertical[column] = above - gapOpen;
        verticalPath[2 * column] = aboveMatches;
        verticalPath[2 * column + 1] = aboveColumns + 1;
      } else {
        vertical[column]! -= gapExtend;
        verticalPath[2 * column + 1]! += 1;
      }
      if (best[column - 1]! - gapOpen >= horizontal - gapExtend) {
        horizontal = best[column - 1]! - gapOpen;
        horizontalMatches = bestPath[2 * column - 2]!;
        horizontalColumns = bestPath[2 * column - 1]! + 1;
      } else {
        horizontal -= gapExtend;
        horizontalColumns += 1;
      }
      const score = residue >= 0 && other >= 0 ? scores[20 * residue + other]! : unknownScore;
      let value = diagonal + score;
      let matches = diagonalMatches + (residue >= 0 && residue === other ? 1 : 0);
      let columns = diagonalColumns + 1;
      if (vertical[column]! > value) {
        value = vertical[column]!;
        matches = verticalPath[2 * column]!;
        columns = verticalPath[2 * column + 1]!;
      }
      if (horizontal > value) {
        value = horizontal;
        matches = horizontalMatches;
        columns = horizontalColumns;
      }
      if (value <= 0) value = matches = columns = 0;
      [diagonal, diagonalMatches, diagonalColumns] = [above, aboveMatches, aboveColumns];
      best[column] = value;
      bestPath[2 * column] = matches;
      bestPath[2 * column + 1] = columns;
      if (value > top) [top, topMatches, topColumns] = [value, matches, columns];
    }
  }
  const shorter = Math.min(first.length, second.length);
  if (topColumns === 0) return { identity: 0, coverage: 0, columns: 0 };
  return {
    identity: topMatches / topColumns,
    coverage: Math.min(1, topColumns / shorter),
    columns: topColumns,
  };
}
