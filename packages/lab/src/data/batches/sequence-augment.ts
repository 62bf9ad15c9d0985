// Augmentation of sequences, for a network that sees few proteins: orthologs of other species, conservative substitutions,
// deleted residues, and residues that are hidden after the embedding. Everything is a pure function of the seed and the step,
// and nothing is done unless a configuration says so.
//
// Whatever changes a sequence costs time where embeddings are cached: a changed protein is embedded anew.

import { createGenerator, type NdArray, type RandomGenerator } from "@proteoscope/engine";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { type Orthologs, readOrthologs } from "../atlas/orthologs.ts";
import type { Protein } from "../atlas/tables.ts";
import { conservativeSubstitutes } from "./blosum62.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

/** Options under `augment` that act on sequences before the embedding. */
export const sequenceAugmentSchema = z.strictObject({
  /** A FASTA file of orthologs in other species; see `readOrthologs`. */
  orthologs: pathSchema.optional(),
  /** Probability that a sampled protein with orthologs is replaced by one of them. */
  orthologRate: z.number().min(0).max(1).default(0.5),
  /** Fraction of residues that are replaced by one with a BLOSUM62 score above 0, where there is one. */
  substitutionRate: z.number().min(0).max(1).default(0),
  /** Most residues that are deleted; their number is uniform from 0. */
  deletedResidues: z.int().nonnegative().default(0),
});
export type SequenceAugmentConfig = z.infer<typeof sequenceAugmentSchema>;

/** Options under `augment` of networks that read embeddings. */
export const embeddingAugmentSchema = sequenceAugmentSchema.extend({
  /** Largest fraction of residues that is hidden after the embedding; the fraction is uniform from 0. */
  hiddenShare: z.number().min(0).max(0.95).default(0),
});

/** A sequence without some random residues, up to `most` and never all. */
export function deleteResidues(sequence: string, most: number, random: RandomGenerator): string {
  const count = Math.min(random.integer(most + 1), sequence.length - 1);
  if (count <= 0) return sequence;
  const order = random.shuffle(sequence.length);
  const deleted = new Set(order.subarray(0, count));
  return [...sequence].filter((_, position) => !deleted.has(position)).join("");
}

/** A sequence whose residues are replaced with the probability `rate`, in proportion to the odds of their substitutes. */
export function substituteResidues(sequence: string, rate: number, random: RandomGenerator): string {
  const uniform = random.uniform(2 * sequence.length);
  return Array.from(sequence, (residue, position) => {
    const substitutes = conservativeSubstitutes(residue);
    if (substitutes.length === 0 || uniform[2 * position]! >= rate) return residue;
    const sums = cumulate(substitutes.map(({ odds }) => odds));
    return substitutes[drawIndex(sums, uniform[2 * position + 1]!)]!.residue;
  }).join("");
}

export interface SequenceAugmentation {
  /** The proteins of a step with the sequences that are embedded. */
  change(proteins: readonly Protein[], step: number): readonly Protein[];
}

/** The augmentation of a configuration, whose file of orthologs is read for these proteins. @throws FormatError */
export async function openSequenceAugmentation(
  config: SequenceAugmentConfig,
  proteins: readonly Protein[],
  seed: number,
): Promise<SequenceAugmentation> {
  const { orthologs: path } = config;
  const orthologs = path === undefined ? undefined : await readOrthologs(path, proteins);
  return createSequenceAugmentation(config, { seed, orthologs });
}

/** The augmentation of a configuration; `orthologs` are those of its file. */
export function createSequenceAugmentation(
  { orthologRate, substitutionRate, deletedResidues }: SequenceAugmentConfig,
  { seed, orthologs }: { readonly seed: number; readonly orthologs: Orthologs | undefined },
): SequenceAugmentation {
  const change = (sequence: string, versions: readonly string[], item: number, step: number): string => {
    const random = (name: string) => createGenerator(seed, "sequence", name, step, item);
    let changed = sequence;
    if (versions.length > 0 && random("swap").uniform(1)[0]! < orthologRate)
      changed = versions[random("ortholog").integer(versions.length)]!;
    if (substitutionRate > 0) changed = substituteResidues(changed, substitutionRate, random("substitution"));
    if (deletedResidues > 0) changed = deleteResidues(changed, deletedResidues, random("deletion"));
    return changed;
  };
  if (orthologs === undefined && substitutionRate === 0 && deletedResidues === 0)
    return { change: (proteins) => proteins };
  return {
    change: (proteins, step) =>
      proteins.map((protein, item) => ({
        ...protein,
        sequence: change(protein.sequence, orthologs?.of(protein) ?? [], item, step),
      })),
  };
}

export interface HiddenResidues {
  /** See `embeddingAugmentSchema`. */
  readonly share: number;
  /** Tokens at either end of a row that are marked but are no residues. */
  readonly edge: number;
  readonly seed: number;
  readonly step: number;
}

/** A mask bool [B, L] of embedded residues without some random ones; every row has a residue left. */
export function hideResidues(mask: NdArray, { share, edge, seed, step }: HiddenResidues): NdArray {
  if (share === 0) return mask;
  const [rows, length] = mask.shape as [number, number];
  const data = Uint8Array.from(mask.data as Uint8Array);
  for (let row = 0; row < rows; row++) {
    const marked = Array.from({ length }, (_, i) => row * length + i).filter((i) => data[i] === 1);
    const residues = marked.slice(edge, marked.length - edge);
    const drawn = createGenerator(seed, "hidden share", step, row).uniform(1)[0]!;
    const count = Math.min(Math.floor(drawn * share * residues.length), residues.length - 1);
    if (count <= 0) continue;
    const order = createGenerator(seed, "hidden", step, row).shuffle(residues.length);
    for (const residue of order.subarray(0, count)) data[residues[residue]!] = 0;
  }
  return { ...mask, data };
}
