// Which proteins a command line means: a FASTA file, standard input (`-`), a shipped example or an annotated protein of the
// model by gene symbol or accession, or a bare sequence. A file comes first, so that a file named like a gene is the file.
// A record that is refused does not end the others.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import {
  type FastaRecord,
  ProteoscopeError,
  parseFasta,
  parseSequence,
  printable,
  type RefusedRecord,
  readFastaRecords,
} from "@proteoscope/formats";
import { nearest } from "@proteoscope/lab/nearest";
import type { LoadedHomologs } from "@proteoscope/models";
import { isStandardInput, readInput, readStream } from "./cli/read-input.ts";
import { openModel } from "./model-folder.ts";
import { findShipped } from "./package-files.ts";

/** A protein that was named on a command line or by a program, with its own id and the name of its files. */
export interface NamedProtein {
  /** The record's own id, whole and unchanged. */
  readonly id: string;
  readonly description: string;
  /** Gene symbol of an example or an annotated protein, or what a FASTA header of UniProt says (GN=...). */
  readonly gene: string | undefined;
  readonly sequence: string;
  /** Where it came from: a file's path, "standard input", "example", "annotated proteins" or "command line". */
  readonly source: string;
}

export interface ResolvedProteins {
  readonly proteins: readonly NamedProtein[];
  /** Records of the files that are no proteins; none where the first of them is thrown. */
  readonly refused: readonly RefusedRecord[];
}

export interface InputContext {
  /** The variables that say where pulled models lie. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input, where there is one. */
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
}

export interface ResolveOptions {
  /** Throws the first refusal. */
  readonly strict?: boolean;
  /** Reads what looks like DNA or RNA as a protein; by default such records are refused. */
  readonly allowNucleotides?: boolean;
  /** The model whose annotated proteins are known by name; the shipped one when absent. */
  readonly model?: string | undefined;
  /** The organism of the proteins that are named; any when absent. */
  readonly organism?: string | undefined;
}

const shortestBareSequence = 20;

/**
 * The proteins of all words, in their order.
 * @throws ProteoscopeError where there is no such protein, FormatError naming file and line.
 */
export async function resolveProteins(
  words: readonly string[],
  context: InputContext,
  options: ResolveOptions = {},
): Promise<ResolvedProteins> {
  const found: ResolvedProteins[] = [];
  let loading: Promise<LoadedHomologs | undefined> | undefined;
  const readAnnotated = () => (loading ??= loadAnnotated(options.model, context.env));
  for (const word of words) found.push(await resolveWord(word, context, { ...options, readAnnotated }));
  return {
    proteins: found.flatMap(({ proteins }) => proteins),
    refused: found.flatMap(({ refused }) => refused),
  };
}

/**
 * The proteins that are named: paths of FASTA files, gene symbols or accessions of the examples and of the annotated
 * proteins of the shipped model, or sequences.
 * @throws ProteoscopeError where there is no such protein, FormatError naming file and line.
 */
export async function readProteins(...names: readonly string[]): Promise<NamedProtein[]> {
  return [...(await resolveProteins(names, {}, { strict: true })).proteins];
}

async function loadAnnotated(model?: string, env?: InputContext["env"]): Promise<LoadedHomologs | undefined> {
  const { loadHomologs } = await import("@proteoscope/models");
  return loadHomologs(await openModel(model, env));
}

/** Whether a word names something on disk, which goes before a gene of that name. */
export function isFile(word: string): boolean {
  return existsSync(word);
}

async function resolveWord(
  word: string,
  context: InputContext,
  options: ResolveOptions & { readonly readAnnotated: () => Promise<LoadedHomologs | undefined> },
): Promise<ResolvedProteins> {
  const { signal = new AbortController().signal } = context;
  const stdin = isStandardInput(word) ? context.stdin : undefined;
  if (stdin !== undefined) return readRecords(await readStream(stdin, signal), "standard input", options);
  if (word === "-") throw new ProteoscopeError('"-" names no file', { kind: "usage" });
  if (isFile(word)) return readRecords(await readInput(word, signal), word, options);
  const examples = await readExamples();
  const organism = options.organism && commonName(options.organism);
  const isHuman = organism === undefined || organism === human;
  const example = isHuman ? examples.find(({ names }) => names.includes(word.toUpperCase())) : undefined;
  if (example !== undefined) return only(nameRecord(example.record, "example", example.names[0]));
  if (/[\\/]|\.(fa|faa|fasta|fas|txt|pep)(\.gz)?$/i.test(word))
    throw new ProteoscopeError(`${word}: no such file`, { kind: "notFound" });
  if (isLikeSequence(word)) {
    const name = "the sequence on the command line";
    const { allowNucleotides = false } = options;
    const sequence = parseSequence(word, { allowNucleotides, name });
    return only({ id: "sequence", description: "", gene: undefined, sequence, source: "command line" });
  }
  return only(await findAnnotated(word, organism, examples, await options.readAnnotated()));
}

const human = "human";
/** A longer word is no mistyped name, and comparing it takes long. */
const longestName = 30;

/** The organism as the annotations name it. */
function commonName(organism: string): string {
  const name = organism.trim().toLowerCase();
  return ["homo sapiens", "h. sapiens", "9606"].includes(name) ? human : name;
}

/** An annotated protein of the model by its name. @throws ProteoscopeError (not found), with the name that may be meant. */
async function findAnnotated(
  word: string,
  organism: string | undefined,
  examples: readonly Example[],
  homologs: LoadedHomologs | undefined,
): Promise<NamedProtein> {
  const { findAnnotatedProtein } = await import("@proteoscope/microscope");
  const found = homologs && findAnnotatedProtein(homologs, word, { organism });
  if (found !== undefined) {
    const { accession, gene, sequence } = found;
    const description = [accession, found.organism ?? []].flat().join(" ");
    return { id: gene ?? accession, description, gene, sequence, source: "annotated proteins" };
  }
  const named = homologs?.annotations ?? [];
  const organisms = new Set(named.map((one) => one.organism).filter((name) => name !== ""));
  if (organism !== undefined && !organisms.has(organism))
    throw new ProteoscopeError(
      `no annotated protein of ${printable(organism)}: the model has names for ${[...organisms].join(", ") || "none"}; give a FASTA file`,
      { kind: "notFound", field: "organism" },
    );
  const isWanted = (one: { readonly organism: string }) =>
    organism === undefined || one.organism === organism;
  const genes = new Set([
    ...examples.map(({ names }) => names[0]!),
    ...named.filter(isWanted).map(({ gene }) => gene.toUpperCase()),
  ]);
  genes.delete("");
  const meant = word.length > longestName ? undefined : nearest(word.toUpperCase(), [...genes]);
  throw new ProteoscopeError(
    `"${printable(word)}" is no file, no sequence of ${shortestBareSequence} residues or more, and no gene or accession of the model's annotated proteins; ` +
      (meant === undefined
        ? `examples are ${examples.map(({ names }) => names[0]).join(", ")}`
        : `did you mean ${meant}?`),
    { kind: "notFound" },
  );
}

function readRecords(
  bytes: Uint8Array,
  source: string,
  { strict = false, allowNucleotides = false }: ResolveOptions,
): ResolvedProteins {
  const proteins: NamedProtein[] = [];
  const refused: RefusedRecord[] = [];
  for (const result of readFastaRecords(bytes, { allowNucleotides, name: source })) {
    if (result.record !== undefined) proteins.push(nameRecord(result.record, source));
    else if (strict) throw result.refused.error;
    else refused.push(result.refused);
  }
  return { proteins, refused };
}

/** The protein of a record of a FASTA file, with the gene that its header names. */
export function nameRecord(
  { id, description, sequence }: FastaRecord,
  source: string,
  gene?: string,
): NamedProtein {
  return { id, description, gene: gene ?? /(?:^|\s)GN=(\S+)/.exec(description)?.[1], sequence, source };
}

function only(protein: NamedProtein): ResolvedProteins {
  return { proteins: [protein], refused: [] };
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
