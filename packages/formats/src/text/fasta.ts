// Protein sequences as FASTA, read the way biologists keep it: packed with gzip or bgzip, in UTF-8 or UTF-16, with the
// line ends of any system and blank lines. Ids stay whole and unchanged. `readFastaRecords` goes on after a record
// that is refused; `parseFasta` throws the first refusal.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";
import { decodeText } from "./decode-text.ts";
import { allowedResidues, joinResidues } from "./residues.ts";

export interface FastaRecord {
  /** The first word of the header, as it stands there. */
  readonly id: string;
  /** The rest of the header. */
  readonly description: string;
  /** Upper-case residues. */
  readonly sequence: string;
  /** One-based line of the header. */
  readonly line: number;
}

export interface RefusedRecord {
  /** The first word of the header; empty where it has none. */
  readonly id: string;
  /** The file's name. */
  readonly file: string;
  /** One-based place of the fault. */
  readonly line: number;
  readonly column: number | undefined;
  /** The reason, with advice. */
  readonly error: FormatError;
}

/** A record, or what is wrong with it. */
export type FastaResult =
  | { readonly record: FastaRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedRecord };

export interface FastaOptions {
  /** The file's name, for errors. */
  name?: string;
  /** Reads what looks like DNA or RNA (nucleotides.ts has the rule) as a protein; by default it is refused. */
  allowNucleotides?: boolean;
}

const format = "fasta";

/** Reads all records, in order. Throws FormatError for the first that is refused. */
export function parseFasta(source: string | Uint8Array, options: FastaOptions = {}): FastaRecord[] {
  return Array.from(readFastaRecords(source, options), ({ record, refused }) => {
    if (refused !== undefined) throw refused.error;
    return record;
  });
}

/** Reads the records one by one, also behind one that is refused. Throws FormatError for what is no FASTA file. */
export function* readFastaRecords(
  source: string | Uint8Array,
  options: FastaOptions = {},
): Generator<FastaResult, void, undefined> {
  const { name = "the FASTA text", allowNucleotides = false } = options;
  let header: { readonly text: string; readonly line: number } | undefined;
  let body: string[] = [];
  let line = 0;
  for (const text of splitLines(decodeText(source, { format, name }))) {
    line++;
    const headerText = /^\ufeff?>(.*)/s.exec(text)?.[1]; // files with a mark each may have been joined
    if (headerText !== undefined) {
      if (header !== undefined) yield readRecord(header, body, name, allowNucleotides);
      header = { text: headerText.trim(), line };
      body = [];
    } else if (header !== undefined) {
      body.push(text);
    } else if (text.trim() !== "") {
      const hint = "begin each record with a line such as >P12345";
      throw new FormatError(format, `${printable(name)} does not begin with a ">" header`, { line, hint });
    }
  }
  if (header === undefined) {
    const hint = "give at least one record";
    throw new FormatError(format, `${printable(name)} holds no sequence`, { line: 1, hint });
  }
  yield readRecord(header, body, name, allowNucleotides);
}

/** Reads one bare sequence, without a header, by the same rules. Throws FormatError. */
export function parseSequence(text: string, options: FastaOptions = {}): string {
  const { name = "the sequence", allowNucleotides = false } = options;
  const place = printable(name);
  const lines = [...splitLines(decodeText(text, { format, name }))];
  const sequence = joinResidues(lines, { place, firstLine: 1, allowNucleotides });
  if (sequence === "") throw new FormatError(format, `${place} is empty`, { line: 1, hint: allowedResidues });
  return sequence;
}

function readRecord(
  header: { readonly text: string; readonly line: number },
  body: readonly string[],
  file: string,
  allowNucleotides: boolean,
): FastaResult {
  const { text, line } = header;
  const id = /^\S*/.exec(text)![0];
  const place = `${printable(file)}, record ${printable(id)}`;
  try {
    if (id === "") {
      const hint = "write one after the >";
      throw new FormatError(format, `${printable(file)}: a header has no name`, { line, hint });
    }
    const sequence = joinResidues(body, { place, firstLine: line + 1, allowNucleotides });
    if (sequence === "") {
      const hint = "add its residues or remove the record";
      throw new FormatError(format, `${place} has no sequence`, { line, hint });
    }
    return { record: { id, description: text.slice(id.length).trimStart(), sequence, line } };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { refused: { id, file, line: error.line ?? line, column: error.column, error } };
  }
}

/** Lines of any system, one at a time: a file of many is not held twice. */
function* splitLines(text: string): Generator<string> {
  let start = 0;
  for (const { 0: lineEnd, index } of text.matchAll(/\r\n|\n|\r/g)) {
    yield text.slice(start, index);
    start = index + lineEnd.length;
  }
  yield text.slice(start);
}
