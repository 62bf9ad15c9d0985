// Features of proteins - domains, signals, motifs - as people have them: GFF3, as UniProt gives it, or a table with a header,
// separated by tabs or commas, with columns for the first and the last residue and a name.
// https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md

import { FormatError } from "../errors.ts";
import { listBriefly, printable } from "../printable.ts";
import { readCsv } from "./csv.ts";
import { decodeText } from "./decode-text.ts";

/** A feature of a protein; both positions count from 1 and belong to it. */
export interface ProteinFeature {
  /** The protein's id, as the file gives it; empty where a table has no such column. */
  readonly protein: string;
  /** "Signal peptide", "Motif". */
  readonly type: string;
  /** What the feature is in particular; the type where the file says nothing. */
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

const format = "features";

/** Names of columns of a table, the first that is there. */
const columns = {
  first: ["start", "first", "begin", "from"],
  last: ["end", "last", "stop", "to"],
  type: ["type", "feature", "kind"],
  name: ["name", "note", "description", "label"],
  protein: ["protein", "id", "seqid", "accession"],
} as const;

/** Reads features, in their order. @throws FormatError naming file and line. */
export function readFeatures(source: string | Uint8Array, { name = "features" } = {}): ProteinFeature[] {
  const text = decodeText(source, { format, name });
  const lines = text.split(/\r?\n/);
  const isGff =
    text.startsWith("##gff") || lines.some((line) => !line.startsWith("#") && line.split("\t").length >= 8);
  return isGff ? readGff(lines, printable(name)) : readTable(lines, name);
}

function readGff(lines: readonly string[], place: string): ProteinFeature[] {
  const features: ProteinFeature[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("##FASTA")) break;
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [protein, , type, first, last, , , , attributes = ""] = line.split("\t");
    if (last === undefined) {
      const what = `${place}: ${line.split("\t").length} columns where GFF3 has nine`;
      throw new FormatError(format, what, { line: index + 1, hint: "separate them by tabs" });
    }
    const kind = decodeAttribute(type!);
    const noted = /(?:^|;)(?:Name|Note)=([^;]+)/.exec(attributes)?.[1];
    features.push({
      ...{ protein: decodeAttribute(protein!), type: kind, name: noted ? decodeAttribute(noted) : kind },
      ...parseRange(first!, last, { place, line: index + 1 }),
    });
  }
  return features;
}

function readTable(lines: readonly string[], name: string): ProteinFeature[] {
  const isTabbed = lines[0]?.includes("\t") === true;
  const toCsv = (line: string) => (isTabbed && line !== "" ? line.split("\t").map(quote).join(",") : line);
  const text = lines.map(toCsv).join("\n");
  const rows = readCsv(text, { name });
  const found = (wanted: readonly string[]) =>
    Object.keys(rows[0] ?? {}).find((column) => wanted.includes(column.trim().toLowerCase()));
  const [first, last] = [found(columns.first), found(columns.last)];
  if (rows.length > 0 && (first === undefined || last === undefined)) {
    const what = `${printable(name)} names no column for the first and the last residue`;
    const hint = `call them start and end; it has ${listBriefly(Object.keys(rows[0]!), 20)}`;
    throw new FormatError(format, what, { line: 1, hint });
  }
  const [type, title, protein] = [found(columns.type), found(columns.name), found(columns.protein)];
  return rows.map((row, index) => {
    const kind = (type && row[type]) || (title && row[title]) || "feature";
    return {
      ...{ protein: (protein && row[protein]) || "", type: kind, name: (title && row[title]) || kind },
      ...parseRange(row[first!]!, row[last!]!, { place: printable(name), line: index + 2 }),
    };
  });
}

function parseRange(first: string, last: string, { place, line }: { place: string; line: number }) {
  const [from, to] = [Number(first), Number(last)];
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 1 && to >= from)
    return { first: from, last: to };
  const what = `${place}: "${printable(first, 20)}" to "${printable(last, 20)}" is no range of residues`;
  throw new FormatError(format, what, { line, hint: "write whole numbers from 1, the smaller one first" });
}

/** GFF3 writes tabs, semicolons and percent signs of a value as %09, %3B and %25. */
function decodeAttribute(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function quote(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}
