// Where sequences come from: UniProt (the reviewed entry of a gene; rest.uniprot.org), Ensembl (the peptide of the canonical
// transcript; rest.ensembl.org), and FASTA files by what their headers say.

import type { FastaRecord } from "@proteoscope/formats";
import { z } from "zod";
import { askJson, type RestOptions } from "./rest-client.ts";

/** What is known of a protein, empty where it is not. */
export interface SoughtProtein {
  readonly gene: string;
  readonly ensembl: string;
  readonly uniprot: string;
}

/** A sequence and where it is from. */
export interface FoundSequence {
  readonly sequence: string;
  /** `UniProt P22087`, `Ensembl ENSP00000221801`, or the file and its header. */
  readonly from: string;
  readonly uniprot?: string | undefined;
}

/** Finds the sequence of a protein, or nothing. */
export type SequenceSource = (protein: SoughtProtein) => Promise<FoundSequence | undefined>;

/** Addresses and the organism. */
export interface DatabaseOptions extends RestOptions {
  readonly uniprotUrl?: string | undefined;
  readonly ensemblUrl?: string | undefined;
  /** Taxon of NCBI. Default 9606, human. */
  readonly taxon?: number | undefined;
  /** Species as Ensembl names it. Default homo_sapiens. */
  readonly species?: string | undefined;
}

const entry = z.object({
  entryType: z.string(),
  primaryAccession: z.string(),
  genes: z.array(z.object({ geneName: z.object({ value: z.string() }).optional() })).optional(),
  sequence: z.object({ value: z.string() }),
});

/** UniProt: by accession where it is known, else the entry whose primary gene name it is, reviewed ones first. */
export function uniprotSource(options: DatabaseOptions): SequenceSource {
  const { uniprotUrl = "https://rest.uniprot.org", taxon = 9606 } = options;
  const found = ({ primaryAccession, sequence }: z.infer<typeof entry>): FoundSequence => ({
    sequence: clean(sequence.value),
    from: `UniProt ${primaryAccession}`,
    uniprot: primaryAccession,
  });
  return async ({ gene, uniprot }) => {
    if (/^[A-Z0-9]{6,10}(-\d+)?$/.test(uniprot)) {
      const answer = entry.safeParse(
        await askJson(new URL(`${uniprotUrl}/uniprotkb/${uniprot}.json`), options),
      );
      if (answer.success && answer.data.sequence.value !== "") return found(answer.data);
    }
    if (!isGene(gene)) return undefined;
    const url = new URL(`${uniprotUrl}/uniprotkb/search`);
    url.searchParams.set("query", `gene_exact:"${gene}" AND organism_id:${taxon}`);
    url.searchParams.set("fields", "accession,gene_primary,reviewed,sequence");
    url.searchParams.set("format", "json");
    url.searchParams.set("size", "25");
    const answer = z.object({ results: z.array(entry) }).safeParse(await askJson(url, options));
    const entries = answer.success ? answer.data.results : [];
    const named = entries.filter(({ genes }) =>
      genes?.some(({ geneName }) => geneName?.value.toLowerCase() === gene.toLowerCase()),
    );
    const rank = ({ entryType, sequence }: z.infer<typeof entry>) =>
      (entryType.includes("Swiss-Prot") ? 1e6 : 0) + sequence.value.length;
    const [best] = named.toSorted((a, b) => rank(b) - rank(a));
    return best === undefined ? undefined : found(best);
  };
}

const transcript = z.object({
  id: z.string(),
  is_canonical: z.number().optional(),
  Translation: z.object({ id: z.string() }).optional(),
});

/** Ensembl: the peptide of the canonical transcript, by the gene's identifier where it is known, else by its symbol. */
export function ensemblSource(options: DatabaseOptions): SequenceSource {
  const { ensemblUrl = "https://rest.ensembl.org", species = "homo_sapiens" } = options;
  return async ({ gene, ensembl }) => {
    const paths = [
      ...(/^ENS[A-Z]*G\d+$/.test(ensembl) ? [`lookup/id/${ensembl}`] : []),
      ...(isGene(gene) ? [`lookup/symbol/${species}/${encodeURIComponent(gene)}`] : []),
    ];
    let answer: unknown;
    for (const path of paths) answer ??= await askJson(new URL(`${ensemblUrl}/${path}?expand=1`), options);
    const looked = z.object({ Transcript: z.array(transcript) }).safeParse(answer);
    const canonical = looked.success
      ? looked.data.Transcript.find((one) => one.is_canonical === 1)
      : undefined;
    const peptide = canonical?.Translation?.id;
    if (peptide === undefined) return undefined;
    const given = await askJson(new URL(`${ensemblUrl}/sequence/id/${peptide}?type=protein`), options);
    const sequence = z.object({ seq: z.string() }).safeParse(given);
    return sequence.success ? { sequence: clean(sequence.data.seq), from: `Ensembl ${peptide}` } : undefined;
  };
}

/** Records of a FASTA file by accession, gene and identifiers of Ensembl, as UniProt's, Ensembl's and plain headers name them. */
export function fastaSource(records: readonly FastaRecord[], file: string): SequenceSource {
  const byName = new Map<string, FastaRecord>();
  for (const record of records)
    for (const name of namesOf(record)) if (!byName.has(name)) byName.set(name, record);
  return async ({ gene, ensembl, uniprot }) => {
    for (const name of [uniprot, ensembl, gene]) {
      const record = name === "" ? undefined : byName.get(name.toLowerCase());
      if (record !== undefined) return { sequence: clean(record.sequence), from: `${file} ${record.id}` };
    }
    return undefined;
  };
}

function namesOf({ id, description }: FastaRecord): string[] {
  const gene = /\bGN=(\S+)/.exec(description)?.[1] ?? /\bgene_symbol:(\S+)/.exec(description)?.[1];
  const ensembl = /\bgene:(\S+)/.exec(description)?.[1]?.replace(/\.\d+$/, "");
  const names = [id, ...id.split("|"), id.replace(/\.\d+$/, ""), gene ?? "", ensembl ?? ""];
  return [...new Set(names.filter((name) => name !== "").map((name) => name.toLowerCase()))];
}

const isGene = (gene: string): boolean => /^[\w.-]{1,40}$/.test(gene);

/** Capitals without the stop. */
const clean = (sequence: string): string => sequence.toUpperCase().replace(/\*$/, "");
