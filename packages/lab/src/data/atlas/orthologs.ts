// Orthologs of the atlas's proteins in other species, from a FASTA file that the user supplies. A record belongs to the
// protein that the first word of its header names (id, UniProt accession, Ensembl gene or gene name), or else, as in the
// proteomes of UniProt, to the gene after "GN=", in upper or lower case.

import { readFile } from "node:fs/promises";
import { FormatError, parseFasta } from "@proteoscope/formats";
import type { Protein } from "./tables.ts";

export interface Orthologs {
  /** Sequences other than the protein's own, in the order of the file. */
  of(protein: Protein): readonly string[];
}

/** Reads the orthologs of some proteins. @throws FormatError for a damaged file, and for one without any ortholog of them */
export async function readOrthologs(path: string, proteins: readonly Protein[]): Promise<Orthologs> {
  const records = parseFasta(await readFile(path, "utf8"), { name: path });
  const byName = new Map<string, string[]>();
  for (const { id, description, sequence } of records) {
    const gene = /(?:^|\s)GN=(\S+)/.exec(description)?.[1];
    for (const name of new Set([id, ...(gene === undefined ? [] : [geneKey(gene)])]))
      byName.set(name, [...(byName.get(name) ?? []), sequence]);
  }
  const orthologs = new Map<Protein["id"], readonly string[]>();
  for (const protein of proteins) {
    const found = namesOf(protein).flatMap((name) => byName.get(name) ?? []);
    const others = [...new Set(found)].filter((sequence) => sequence !== protein.sequence);
    if (others.length > 0) orthologs.set(protein.id, others);
  }
  if (orthologs.size === 0)
    throw new FormatError("fasta", `${path}: none of its ${records.length} records belongs to a protein`, {
      hint: "begin a header with the protein's accession, or give its gene as GN=NAME",
    });
  return { of: ({ id }) => orthologs.get(id) ?? [] };
}

function namesOf({ id, uniprot, ensg, gene }: Protein): string[] {
  const names = [id, uniprot, ensg, gene, gene === undefined ? undefined : geneKey(gene)];
  return names.filter((name) => name !== undefined);
}

/** A key that cannot be the first word of a header. */
const geneKey = (gene: string): string => `GN ${gene.toUpperCase()}`;
