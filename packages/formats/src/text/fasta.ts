// Protein sequences as FASTA, read the way biologists write it: CRLF, blank lines, spaces within, lower case
// (soft-masked) and a stop sign at the end are accepted; everything else that is not an amino acid is refused
// with file, line and column, because a residue that is dropped in silence is a wrong protein.

import { FormatError } from "../errors.ts";

export interface FastaRecord {
  /** The first word of the header. */
  readonly id: string;
  /** The rest of the header. */
  readonly description: string;
  /** Upper-case residues. */
  readonly sequence: string;
  /** One-based line of the header. */
  readonly line: number;
}

export interface FastaOptions {
  /** The file's name, for errors. */
  name?: string;
}

const format = "fasta";
const allowed = "allowed are ACDEFGHIKLMNPQRSTVWY and X B U Z O";
// Tested before upper-casing, which turns letters beyond ASCII into residues (a sharp s into SS).
const residues = /^[ACDEFGHIKLMNPQRSTVWYXBUZO]*$/i;

/** Reads all records, in order. Throws FormatError. */
export function parseFasta(text: string, options: FastaOptions = {}): FastaRecord[] {
  const { name = "the FASTA text" } = options;
  const lines = splitLines(text);
  const starts = lines.flatMap((line, index) => (line.startsWith(">") ? [index] : []));
  const firstText = lines.findIndex((line) => line.trim() !== "");
  if (firstText < 0) {
    throw new FormatError(format, `${name} holds no sequence`, { line: 1, hint: "give at least one record" });
  }
  if (starts[0] !== firstText) {
    const hint = "begin each record with a line such as >P12345";
    throw new FormatError(format, `${name} does not begin with a ">" header`, { line: firstText + 1, hint });
  }
  return starts.map((start, index) => {
    const line = start + 1;
    const header = lines[start]!.slice(1).trim();
    const id = /^\S*/.exec(header)![0];
    const description = header.slice(id.length).trimStart();
    if (id === "") {
      throw new FormatError(format, `${name}: a header has no name`, { line, hint: "write one after the >" });
    }
    const sequence = joinResidues(
      lines,
      start + 1,
      starts[index + 1] ?? lines.length,
      `${name}, record ${id}`,
    );
    if (sequence === "") {
      const hint = "add its residues or remove the record";
      throw new FormatError(format, `${name}: record ${id} has no sequence`, { line, hint });
    }
    return { id, description, sequence, line };
  });
}

/** Reads one bare sequence, without a header, by the same rules. Throws FormatError. */
export function parseSequence(text: string, options: FastaOptions = {}): string {
  const { name = "the sequence" } = options;
  const lines = splitLines(text);
  const sequence = joinResidues(lines, 0, lines.length, name);
  if (sequence === "") throw new FormatError(format, `${name} is empty`, { line: 1, hint: allowed });
  return sequence;
}

function splitLines(text: string): string[] {
  return text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
}

function joinResidues(lines: readonly string[], start: number, end: number, place: string): string {
  let sequence = "";
  let stopLine: number | undefined;
  for (let index = start; index < end; index++) {
    let part = lines[index]!.replace(/\s+/g, "");
    if (part === "") continue;
    if (stopLine !== undefined) throw stopInside(place, stopLine);
    if (part.endsWith("*")) {
      stopLine = index + 1;
      part = part.slice(0, -1);
    }
    if (!residues.test(part)) throw badResidue(lines[index]!, index + 1, place);
    sequence += part.toUpperCase();
  }
  return sequence;
}

function badResidue(text: string, line: number, place: string): FormatError {
  const column = [...text].findIndex((character) => !/\s/.test(character) && !residues.test(character));
  const character = [...text][column] ?? "";
  if (character === "*") return stopInside(place, line, column + 1);
  const hint = /[-.]/.test(character) ? `give the sequence without alignment gaps; ${allowed}` : allowed;
  const what = `${place}: ${JSON.stringify(character)} in column ${column + 1} is not a residue`;
  return new FormatError(format, what, { line, hint });
}

function stopInside(place: string, line: number, column?: number): FormatError {
  const where = column === undefined ? "" : ` in column ${column}`;
  const hint = "give one protein, ending where its translation ends";
  return new FormatError(format, `${place}: a stop "*"${where} is followed by more residues`, { line, hint });
}
