// The residues of one protein from lines of text: spaces within, lower case (soft-masked) and a stop sign at the end
// are accepted; everything else that is not an amino acid is refused with line and column, because a residue that is
// dropped in silence is a wrong protein.

import { FormatError } from "../errors.ts";
import { nameCharacter } from "../printable.ts";
import { recognizeNucleotides } from "./nucleotides.ts";

export interface ResidueOptions {
  /** What the sequence is called in errors. */
  place: string;
  /** One-based line of the file that the first of the lines is. */
  firstLine: number;
  /** Takes what looks like DNA or RNA for a protein of these residues. */
  allowNucleotides: boolean;
}

export const allowedResidues = "allowed are ACDEFGHIKLMNPQRSTVWY and X B U Z O";

const format = "fasta";

// Tested before upper-casing, which turns letters beyond ASCII into residues (a sharp s into SS).
const notResidue = /[^ACDEFGHIKLMNPQRSTVWYXBUZO\s]/i;

/** Upper-case residues, which may be none. Throws FormatError with the line and column of what is no residue. */
export function joinResidues(lines: readonly string[], options: ResidueOptions): string {
  const { place, firstLine, allowNucleotides } = options;
  const parts: string[] = [];
  let stop: Where | undefined;
  for (const [index, text] of lines.entries()) {
    if (stop !== undefined && text.trim() !== "") throw stopInside(place, stop);
    // All before it are residues and spaces, each of one UTF-16 unit, so that its index counts characters.
    const fault = text.search(notResidue);
    if (fault >= 0) {
      const where = { line: firstLine + index, column: fault + 1 };
      if (text[fault] !== "*") throw badResidue(place, where, text);
      if (text.slice(fault + 1).trim() !== "") throw stopInside(place, where);
      stop = where;
    }
    parts.push((fault < 0 ? text : text.slice(0, fault)).replace(/\s+/g, ""));
  }
  const sequence = parts.join("").toUpperCase();
  const kind = allowNucleotides ? undefined : recognizeNucleotides(sequence);
  if (kind !== undefined) {
    const hint = "or, if it is a protein, allow nucleotide letters";
    throw new FormatError(format, `${place}: this looks like ${kind}: translate it first`, {
      line: firstLine,
      hint,
      field: "allowNucleotides",
    });
  }
  return sequence;
}

interface Where {
  readonly line: number;
  readonly column: number;
}

function badResidue(place: string, where: Where, text: string): FormatError {
  const character = String.fromCodePoint(text.codePointAt(where.column - 1)!);
  const name = nameCharacter(character);
  const advice = /[-.]/.test(character)
    ? "give the sequence without alignment gaps; "
    : name.startsWith("U+")
      ? "delete it and what else came with copied text; "
      : "";
  const what = `${place}: ${name} in column ${where.column} is not a residue`;
  return new FormatError(format, what, { ...where, hint: advice + allowedResidues });
}

function stopInside(place: string, where: Where): FormatError {
  const hint = "give one protein, ending where its translation ends";
  const what = `${place}: a stop "*" in column ${where.column} is followed by more residues`;
  return new FormatError(format, what, { ...where, hint });
}
