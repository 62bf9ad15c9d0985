// FASTA files as sources of sequences: of `data sequences`, and of the imports, which add the sequences that they are given in
// the same command.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseFasta } from "@proteoscope/formats";
import { addSequences, fastaSource, type SequenceReport, type SequenceSource } from "@proteoscope/lab";

/** The option of the imports. */
export const fastaArgument = {
  type: "string",
  valueHint: "files",
  description:
    "FASTA files with the sequences of the proteins, with commas between them, as `data sequences` reads them",
} as const;

/** One source per file. @throws FormatError for a file that is no FASTA, the system's errors. */
export function fastaSources(files: string): Promise<SequenceSource[]> {
  return Promise.all(
    files
      .split(",")
      .map(async (path) => fastaSource(parseFasta(await readFile(path), { name: path }), basename(path))),
  );
}

/** Adds sequences to a set that was imported; lines that say what was found. */
export async function addFasta(
  set: string,
  files: string | undefined,
  work: Parameters<typeof addSequences>[2],
): Promise<{ readonly report: SequenceReport; readonly lines: string[] } | undefined> {
  if (files === undefined) return undefined;
  const report = await addSequences(set, await fastaSources(files), work);
  const { found, missing } = report;
  const names = missing.slice(0, 20).map(({ gene, protein }) => gene || protein);
  const lines = [
    `${found} proteins have a sequence, ${missing.length} have none${missing.length > 0 ? `: ${names.join(", ")}` : ""}`,
  ];
  return { report, lines };
}
