// Proteins for the page: texts that people paste, names that they type, and what is predicted from a sequence. All of it by the
// functions of formats and microscope; here it is only put into the form of the page.
import { FormatError, ProteoscopeError, parseSequence, readFastaRecords } from "@proteoscope/formats";
import {
  describeKnown,
  findAnnotatedProtein,
  knownProtein,
  localize,
  type Microscope,
} from "@proteoscope/microscope";
import type { LoadedHomologs } from "@proteoscope/models";
import type { Localized, ParsedText, Protein, ProteinName, Refusal } from "../api/types.ts";

/** What a text holds: FASTA records, names of proteins, or one bare sequence. */
export async function parseProteins(text: string, named: NamedProteins): Promise<ParsedText> {
  if (text.trim() === "") return { proteins: [], refused: [] };
  try {
    if (text.trimStart().startsWith(">")) return parseRecords(text);
    const words = text.split(/[\s,;]+/).filter((word) => word !== "");
    if (words.every((word) => /^[\w-]{1,15}$/.test(word)) && words.join("").length < 200) {
      const found = await Promise.allSettled(words.map((word) => findProtein(word, named)));
      const proteins = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      if (proteins.length === words.length) return { proteins, refused: [] };
      const short = words.filter((_, index) => found[index]!.status === "rejected");
      if (words.join("").length < shortestSequence || proteins.length > 0)
        return { proteins, refused: short.map(unknownName) };
    }
    const sequence = parseSequence(text, { name: "the sequence" });
    if (sequence.length < shortestSequence) return { proteins: [], refused: [unknownName(text.trim())] };
    return { proteins: [{ id: "sequence", description: "", sequence }], refused: [] };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { proteins: [], refused: [refusalOf("", error)] };
  }
}

const shortestSequence = 20;

function parseRecords(text: string): ParsedText {
  const proteins: Protein[] = [];
  const refused: Refusal[] = [];
  for (const { record, refused: other } of readFastaRecords(text, { name: "the text" })) {
    if (record !== undefined)
      proteins.push({ id: record.id, description: record.description, sequence: record.sequence });
    else
      refused.push({ ...refusalOf(other.id, other.error), line: other.line, column: other.column ?? null });
  }
  return { proteins, refused };
}

function refusalOf(id: string, error: FormatError): Refusal {
  return { id, reason: error.message, line: error.line ?? null, column: error.column ?? null };
}

function unknownName(name: string): Refusal {
  const reason = `no annotated protein is called ${name}: give a gene symbol, an accession, or a sequence of at least ${shortestSequence} residues`;
  return { id: name, reason, line: 1, column: null };
}

/** Where proteins are found by name: the shipped examples, as FASTA, before the annotated proteins of the model. */
export interface NamedProteins {
  readonly examples: string;
  readonly homologs: () => Promise<LoadedHomologs | undefined>;
}

/** The protein of a symbol or an accession, a human one where there are several. @throws ProteoscopeError (not found). */
export async function findProtein(name: string, { examples, homologs }: NamedProteins): Promise<Protein> {
  const wanted = name.trim().toUpperCase();
  for (const { record } of readFastaRecords(examples, { name: "the examples" })) {
    const symbol = record?.description.split(" ")[0];
    if (record && [symbol, record.id].includes(wanted))
      return { id: symbol ?? record.id, description: `${record.id}, human`, sequence: record.sequence };
  }
  const annotated = await homologs();
  const found =
    annotated &&
    (findAnnotatedProtein(annotated, wanted, { organism: "human" }) ??
      findAnnotatedProtein(annotated, wanted));
  if (found === undefined)
    throw new ProteoscopeError(`no annotated protein is called ${name}`, { kind: "notFound", field: "name" });
  const { gene, accession, organism, sequence } = found;
  return { id: gene ?? accession, description: [accession, organism].filter(Boolean).join(", "), sequence };
}

/** Names of annotated proteins that begin with a text, human ones first. */
export function suggestProteins(
  query: string,
  homologs: LoadedHomologs | undefined,
  limit = 8,
): ProteinName[] {
  const wanted = query.trim().toUpperCase();
  if (wanted === "" || homologs === undefined) return [];
  const found = homologs.annotations.filter(({ gene, accession }) =>
    [gene, accession].some((name) => name.toUpperCase().startsWith(wanted)),
  );
  const rank = ({ organism, gene }: (typeof found)[number]) =>
    (organism === "human" ? 0 : 1000) + gene.length;
  const seen = new Set<string>();
  return found
    .sort((a, b) => rank(a) - rank(b))
    .filter(({ gene, accession, organism }) => {
      const key = `${gene || accession} ${organism}`;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, limit)
    .map(({ gene, accession, organism, compartments }) => ({
      ...{ symbol: gene || accession, accession, organism },
      compartments: compartments.map(({ name }) => name),
    }));
}

/** The proteins of the shipped examples by name, from their FASTA headers. */
export function exampleNames(fasta: string): ProteinName[] {
  return [...readFastaRecords(fasta, { name: "the examples" })].flatMap(({ record }) => {
    if (record === undefined) return [];
    const symbol = record.description.split(" ")[0] ?? record.id;
    const expected = /expected: (.+)$/.exec(record.description)?.[1];
    return [
      {
        symbol,
        accession: record.id,
        organism: "human",
        compartments: expected === undefined ? [] : [expected],
      },
    ];
  });
}

/** What is predicted from a sequence and known of it. */
export async function localizeSequence(
  microscope: Microscope,
  sequence: string,
  homologs: LoadedHomologs | undefined,
): Promise<Localized> {
  const encoded = await microscope.encode(sequence);
  const encoder = { ...microscope, encode: async () => encoded };
  for await (const protein of localize(encoder, [{ id: "sequence", sequence }])) {
    const known = homologs && knownProtein(homologs, sequence);
    const { omitted, note, near } = protein;
    const notes = [
      ...(note === null ? [] : [note]),
      ...(omitted === null
        ? []
        : [`residues ${omitted.first} to ${omitted.last} are not shown to the language model`]),
      ...(near?.protein
        ? [
            `${Math.round(100 * near.sharedKmers)} % of it is shared with ${near.protein.gene ?? near.protein.accession}`,
          ]
        : []),
    ];
    return {
      predicted: protein.probabilities,
      target: encoded.targetCompartments ?? null,
      known: known === undefined ? null : describeKnown(known),
      notes,
    };
  }
  throw new Error("nothing was predicted");
}
