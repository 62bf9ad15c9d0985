// Which proteins a command line means: a FASTA file, standard input (`-`), a shipped example by gene or UniProt
// accession, or a bare sequence. In this order, so that a file named like a gene is the file.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type FastaRecord, parseFasta, parseSequence } from "@proteoscope/formats";
import { nearest } from "@proteoscope/lab/nearest";
import { CommandError, exitCodes } from "./cli/errors.ts";
import { readNamedFile } from "./cli/read-named-file.ts";
import { findShipped } from "./package-files.ts";

export interface NamedProtein {
  /** Short, and fit for a file name. */
  readonly id: string;
  readonly description: string;
  /** Gene symbol of an example, or what a FASTA header of UniProt says (GN=...). */
  readonly gene: string | undefined;
  readonly sequence: string;
  /** Where it came from: a file's path, "standard input", "example" or "command line". */
  readonly source: string;
}

const shortestBareSequence = 20;

/** The proteins of all words, with ids made unique. @throws CommandError, FormatError. */
export async function resolveProteins(
  words: readonly string[],
  readStdin: () => Promise<string>,
): Promise<NamedProtein[]> {
  const proteins: NamedProtein[] = [];
  for (const word of words) proteins.push(...(await resolveWord(word, readStdin)));
  return withUniqueIds(proteins);
}

/**
 * The proteins that are named: paths of FASTA files, genes or accessions of the shipped examples, or sequences.
 * @throws CommandError where there is no such protein, FormatError naming file and line.
 */
export function readProteins(...names: readonly string[]): Promise<NamedProtein[]> {
  return resolveProteins(names, () => Promise.reject(new CommandError('"-" names no file', exitCodes.usage)));
}

/** Numbers the proteins of one name; names that differ in case alone would share files on some systems. */
function withUniqueIds(proteins: readonly NamedProtein[]): NamedProtein[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return proteins.map((protein) => {
    const key = protein.id.toLowerCase();
    let count = counts.get(key) ?? 1;
    let id = protein.id;
    while (taken.has(id.toLowerCase())) id = `${protein.id}-${++count}`;
    counts.set(key, count);
    taken.add(id.toLowerCase());
    return { ...protein, id };
  });
}

async function resolveWord(word: string, readStdin: () => Promise<string>): Promise<NamedProtein[]> {
  if (word === "-") return named(parseFasta(await readStdin(), { name: "standard input" }), "standard input");
  if (existsSync(word))
    return named(parseFasta((await readNamedFile(word)).toString("utf8"), { name: word }), word);
  const examples = await readExamples();
  const example = examples.find(({ names }) => names.includes(word.toUpperCase()));
  if (example !== undefined)
    return named([example.record], "example").map((protein) => ({ ...protein, gene: example.names[0]! }));
  if (/[\\/]|\.(fa|faa|fasta|fas|txt|pep)$/i.test(word))
    throw new CommandError(`${word}: no such file`, exitCodes.notFound);
  if (isLikeSequence(word)) {
    const sequence = parseSequence(word, { name: "the sequence on the command line" });
    return [{ id: "sequence", description: "", gene: undefined, sequence, source: "command line" }];
  }
  const genes = examples.map(({ names }) => names[0]!);
  const meant = nearest(word.toUpperCase(), genes);
  throw new CommandError(
    `"${word}" is no file, no sequence of ${shortestBareSequence} residues or more, and no example protein; ` +
      (meant === undefined ? `examples are ${genes.join(", ")}` : `did you mean ${meant}?`),
    exitCodes.notFound,
  );
}

/** Long, and of letters but for a few: what is wrong with it is then said of the residue, not of the word. */
function isLikeSequence(word: string): boolean {
  const text = word.replaceAll(/\s/g, "");
  const letters = text.replaceAll(/[^a-z]/gi, "");
  return letters.length >= shortestBareSequence && letters.length >= 0.9 * text.length;
}

interface Example {
  readonly record: FastaRecord;
  /** Gene symbol and UniProt accession. */
  readonly names: readonly string[];
}

/** The shipped example proteins; none where the file is not there. */
export async function readExamples(): Promise<Example[]> {
  const path = findShipped("examples/proteins.fasta");
  if (path === undefined) return [];
  return parseFasta(await readFile(path, "utf8"), { name: path }).map((record) => {
    const gene = record.description.split(" ", 1)[0]!;
    return { record: { ...record, id: gene }, names: [gene.toUpperCase(), record.id.toUpperCase()] };
  });
}

function named(records: readonly FastaRecord[], source: string): NamedProtein[] {
  return records.map(({ id, description, sequence }) => ({
    id: fileSafe(id),
    description,
    gene: /(?:^|\s)GN=(\S+)/.exec(description)?.[1],
    sequence,
    source,
  }));
}

/** `sp|P22087|FBRL_HUMAN` as `sp_P22087_FBRL_HUMAN`: nothing that a file system or a path could take amiss. */
function fileSafe(id: string): string {
  const safe = id
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, 80);
  return safe === "" ? "protein" : safe;
}
