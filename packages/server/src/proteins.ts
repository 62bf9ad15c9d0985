// The proteins that a model has annotations of, as the page finds them:
// by name, by the beginning of a name, by sequence.

import { FormatError, ProteoscopeError, parseSequence } from "@proteoscope/formats";
import { findAnnotatedProtein, knownProtein } from "@proteoscope/microscope";
import { type LoadedHomologs, residuesOf } from "@proteoscope/models";
import type { FoundProtein, KnownProtein, ProteinInput, Suggestions } from "./api.ts";
import { notFound, problemOf, RefusedError } from "./problem.ts";

/** A protein whose name is resolved. */
export type ResolvedProtein = Extract<ProteinInput, { sequence: string }>;

/** An example protein that ships. */
export interface ExampleProtein {
  readonly symbol: string;
  readonly accession: string;
  readonly title: string;
  readonly sequence: string;
}

/** Finds proteins by name and by sequence. */
export interface ProteinLookup {
  readonly examples: readonly ExampleProtein[];
  suggest(query: string, organism: string | undefined, limit: number): Suggestions["proteins"];
  /** The protein of a gene symbol or an accession. @throws RefusedError (not found). */
  find(name: string, organism?: string): FoundProtein;
  known(sequence: string): KnownProtein | null;
  /** The protein of a request, with a checked sequence. @throws RefusedError naming `field`. */
  resolve(input: ProteinInput, field: string): ResolvedProtein;
}

/** Looks proteins up among the annotated ones of a model, and the examples. */
export function openProteinLookup(
  homologs: LoadedHomologs | undefined,
  examples: readonly ExampleProtein[],
): ProteinLookup {
  const named = listNamed(homologs);
  const known = (sequence: string) =>
    ((homologs && knownProtein(homologs, sequence)) ?? null) as KnownProtein | null;
  const find: ProteinLookup["find"] = (name, organism) => {
    const example = examples.find(({ symbol, accession }) =>
      [symbol, accession].some((one) => one.toUpperCase() === name.trim().toUpperCase()),
    );
    if (example !== undefined && (organism === undefined || organism === "human")) {
      const { symbol, accession, sequence } = example;
      return { id: symbol, accession, gene: symbol, organism: "human", sequence, known: known(sequence) };
    }
    const found = homologs && findAnnotatedProtein(homologs, name.trim(), { organism });
    if (found === undefined)
      throw notFound(
        `no annotated protein is called ${JSON.stringify(name.slice(0, 50))}: give its sequence`,
        "name",
      );
    const { accession, gene = null, sequence } = found;
    return {
      ...{ id: gene ?? accession, accession, gene, organism: found.organism ?? null },
      ...{ sequence, known: known(sequence) },
    };
  };
  return {
    examples,
    known,
    find,
    suggest(query, organism, limit) {
      const wanted = query.trim().toUpperCase();
      const isOf = (one: NamedProtein) => organism === undefined || one.organism === organism;
      const matches = named.filter((one) => isOf(one) && one.keys.some((key) => key.startsWith(wanted)));
      return matches.slice(0, limit).map(({ keys: _, ...protein }) => protein);
    },
    resolve(input, field) {
      try {
        if ("sequence" in input)
          return { ...input, sequence: parseSequence(input.sequence, { name: input.id }) };
        const { id, gene, sequence, accession } = find(input.name, input.organism);
        return { id, sequence, ...(gene === null ? {} : { gene }), description: accession };
      } catch (error) {
        if (
          error instanceof FormatError ||
          error instanceof ProteoscopeError ||
          error instanceof RefusedError
        ) {
          const { status, kind, detail } = problemOf(error);
          throw new RefusedError(detail, { status, kind: kind as "data", field });
        }
        throw error;
      }
    },
  };
}

type NamedProtein = Suggestions["proteins"][number] & { readonly keys: readonly string[] };

/** One entry per gene and organism, by symbol: of the source that counts first, then the longest. */
function listNamed(homologs: LoadedHomologs | undefined): NamedProtein[] {
  if (homologs === undefined) return [];
  const { annotations, proteins, sources } = homologs;
  const ranks = new Map(sources.map(({ key }, rank) => [key, rank]));
  const best = new Map<string, { readonly rank: number; readonly protein: NamedProtein }>();
  for (const [index, { accession, gene, organism, source, compartments }] of annotations.entries()) {
    const symbol = gene || accession;
    if (symbol === "") continue;
    const key = `${symbol.toUpperCase()} ${organism}`;
    const [rank, residues] = [ranks.get(source) ?? ranks.size, residuesOf(proteins, index).length];
    const before = best.get(key);
    if (before !== undefined && (before.rank < rank || before.protein.residues >= residues)) continue;
    const protein = {
      ...{ symbol, accession, organism: organism || null, residues },
      compartments: compartments.map(({ name }) => name),
      keys: [symbol.toUpperCase(), accession.toUpperCase()],
    };
    best.set(key, { rank, protein });
  }
  return [...best.values()]
    .map(({ protein }) => protein)
    .sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
}
