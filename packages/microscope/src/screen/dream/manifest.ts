// Records of the CM4AI DREAM challenge on protein localisation: a manifest as TSV with the columns of the baseline, or
// records as JSON, one object or a list. Each names three stains of a cell and a file with one sequence; of the stains the
// model reads the nuclei. Sources: github.com/cm4ai-anvil-dream-challenge/ProtiCelliDream, README and blast_proticelli.wdl.

import { decodeText, FormatError, parseBoundedJson, printable } from "@proteoscope/formats";
import type { RefusedScreenRecord } from "../records.ts";

/** A record of a manifest; paths as they stand there. */
export interface ManifestRecord {
  /** Unique, and fit for the name of a file. */
  readonly id: string;
  readonly nucleusImage: string;
  /** FASTA file with one record. */
  readonly fastaFile: string;
  /** Empty where the manifest does not say it. */
  readonly cellLine: string;
  /** One-based line of a TSV, number of a record of JSON. */
  readonly line: number;
}

/** A record, or why it is refused. */
export type ManifestResult =
  | { readonly record: ManifestRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedScreenRecord };

const images = ["microtubules_image", "nucleus_image", "er_image"];
/** Names of the field of the sequence: of the manifest, and of JSON. */
const fastaFields = ["aa_sequence_fasta_path", "fasta_file"] as const;
const format = "manifest";

/** The records of a manifest in their order. @throws FormatError for a file that is none. */
export function readManifest(bytes: Uint8Array, name: string): ManifestResult[] {
  const text = decodeText(bytes, { format, name });
  const rows = /^\s*[[{]/.test(text) ? jsonRows(text, name) : tsvRows(text, name);
  const ids = new Set<string>();
  return rows.map(({ fields, line }) => {
    const id = fields.get("prediction_id") ?? "";
    const fastaFile = fastaFields.map((field) => fields.get(field)).find(Boolean) ?? "";
    const missing = ["prediction_id", ...images].filter((field) => !fields.get(field));
    if (fastaFile === "") missing.push(fastaFields.join(" or "));
    const refuse = (reason: string) => ({ refused: { id, file: name, line, reason } });
    if (missing.length > 0) return refuse(`${missing.join(", ")} is empty`);
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(id))
      return refuse(`prediction_id "${printable(id)}" is no name of a file`);
    if (ids.has(id)) return refuse(`prediction_id "${id}" stands twice`);
    ids.add(id);
    const [nucleusImage, cellLine] = [fields.get("nucleus_image")!, fields.get("cell_line") ?? ""];
    return { record: { id, nucleusImage, fastaFile, cellLine, line } };
  });
}

interface Row {
  readonly fields: ReadonlyMap<string, string>;
  readonly line: number;
}

function tsvRows(text: string, name: string): Row[] {
  const lines = text.split(/\r\n|\n|\r/);
  const columns = lines[0]!.split("\t");
  const required = ["prediction_id", ...images, fastaFields[0]];
  const missing = required.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new FormatError(format, `${printable(name)} lacks the column ${missing.join(", ")}`, {
      ...{ line: 1, hint: "a manifest has tabs between its columns, and their names in its first line" },
    });
  return lines.flatMap((line, index) => {
    if (index === 0 || line.trim() === "") return [];
    const cells = line.split("\t");
    return [
      { fields: new Map(columns.map((column, at) => [column, (cells[at] ?? "").trim()])), line: index + 1 },
    ];
  });
}

function jsonRows(text: string, name: string): Row[] {
  const json = parseBoundedJson(new TextEncoder().encode(text), { format, name });
  return [json].flat().map((row, index) => {
    if (typeof row !== "object" || row === null)
      throw new FormatError(format, `${printable(name)}: record ${index + 1} is no object`, {
        hint: "give one object, or a list of objects",
      });
    const texts = Object.entries(row).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    );
    return { fields: new Map(texts), line: index + 1 };
  });
}
