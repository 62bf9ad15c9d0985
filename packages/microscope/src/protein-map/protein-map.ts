// A map of the annotated proteins: each by the compartments that are predicted from its sequence alone, so that where a protein
// lies owes nothing to its annotation, brought into the plane by UMAP.

import { type LoadedHomologs, residuesOf } from "@proteoscope/models";
import type { WorkOptions } from "../progress.ts";
import type { ProteinEncoder } from "../protein/encoder.ts";
import { embedRows } from "./embed-rows.ts";
import type { MappedProtein, ProteinMap } from "./map.ts";
import { rootsOf } from "./place-among.ts";

/** How a map is made. */
export interface ProteinMapOptions extends Partial<WorkOptions> {
  /** Seed of UMAP's random numbers. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Maps the proteins that the first source of annotations labels, one per gene symbol; none where the model has no annotations.
 * @throws the signal's reason when it is aborted.
 */
export async function mapProteins(
  encoder: Pick<ProteinEncoder, "model" | "encode">,
  homologs: LoadedHomologs | undefined,
  { seed = 0, signal, onProgress }: ProteinMapOptions = {},
): Promise<ProteinMap> {
  const compartments = encoder.model.localization.config.labels;
  const annotated = homologs === undefined ? [] : listAnnotated(homologs);
  const rows: Omit<MappedProtein, "place">[] = [];
  for (const { sequence, ...protein } of annotated) {
    signal?.throwIfAborted();
    const { posterior } = await encoder.encode(sequence, {}, { homologs: false });
    const shares = compartments.map((name) => Number((posterior[name] ?? 0).toFixed(4)));
    rows.push({ ...protein, shares });
    onProgress?.({ phase: "map", done: rows.length, total: annotated.length, unit: "proteins" });
  }
  const places = await embedRows({ rows: rows.map(({ shares }) => rootsOf(shares)), seed });
  const round = (value: number) => Number(value.toFixed(3));
  return {
    source: homologs?.sources[0]?.title ?? "",
    compartments,
    proteins: rows.map((row, index) => {
      const [x, y] = places[index]!;
      return { ...row, place: [round(x), round(y)] };
    }),
  };
}

function listAnnotated({ annotations, proteins, sources }: LoadedHomologs) {
  const [first] = sources;
  const seen = new Set<string>();
  return annotations.flatMap(({ source, gene, accession, compartments }, index) => {
    const symbol = gene || accession;
    if (source !== first?.key || compartments.length === 0 || seen.has(symbol)) return [];
    seen.add(symbol);
    const sequence = new TextDecoder().decode(residuesOf(proteins, index));
    return [{ symbol, accession, annotated: compartments.map(({ name }) => name), sequence }];
  });
}
