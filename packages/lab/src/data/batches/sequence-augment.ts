// Augmentation of sequences, so that a network that sees few proteins sees each of them in many forms: another
// species' version of it, conservative substitutions, deleted residues, and residues hidden after they were embedded.
// Everything is a pure function of the seed and the step, and nothing is done unless a configuration asks for it.
//
// What changes a sequence costs where embeddings are kept: a changed protein must be embedded anew.

import { createGenerator, type NdArray, type RandomGenerator } from "@proteoscope/engine";
import { z } from "zod";
import { pathSchema } from "../../config/compose.ts";
import { type Orthologs, readOrthologs } from "../atlas/orthologs.ts";
import type { Protein } from "../atlas/tables.ts";
import { conservativeSubstitutes } from "./blosum62.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

/** What each configuration says of changes before the embedding, under `augment`. */
export const sequenceAugmentSchema = z.strictObject({
  /** A FASTA file of the proteins' versions in other species; see `readOrthologs`. */
  orthologs: pathSchema.optional(),
  /** Share of the draws of a protein that has orthologs in which one of them is shown. */
  orthologRate: z.number().min(0).max(1).default(0.5),
  /** Share of residues that may be replaced by one that BLOSUM62 scores above 0. */
  substitutionRate: z.number().min(0).max(1).default(0),
  /** Up to so many residues are deleted, a number drawn evenly from 0. */
  deletedResidues: z.int().nonnegative().default(0),
});
export type SequenceAugmentConfig = z.infer<typeof sequenceAugmentSchema>;

/** The same for networks that read embeddings. */
export const embeddingAugmentSchema = sequenceAugmentSchema.extend({
  /** Up to this share of the residues is hidden after the embedding, a share drawn evenly from 0. */
  hiddenShare: z.number().min(0).max(0.95).default(0),
});

/** A sequence without a random choice of residues, up to `most` and never all. */
export function deleteResidues(sequence: string, most: number, random: RandomGenerator): string {
  const count = Math.min(random.integer(most + 1), sequence.length - 1);
  if (count <= 0) return sequence;
  const order = random.shuffle(sequence.length);
  const deleted = new Set(order.subarray(0, count));
  return [...sequence].filter((_, position) => !deleted.has(position)).join("");
}

/** A sequence with each residue replaced at a rate, by odds, where one stands in for it more often than chance. */
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
  /** The proteins of a step as they are to be embedded. */
  change(proteins: readonly Protein[], step: number): readonly Protein[];
}

/** What a configuration asks for, with the file of orthologs that it names read for these proteins. Throws FormatError. */
export async function openSequenceAugmentation(
  config: SequenceAugmentConfig,
  proteins: readonly Protein[],
  seed: number,
): Promise<SequenceAugmentation> {
  const { orthologs: path } = config;
  const orthologs = path === undefined ? undefined : await readOrthologs(path, proteins);
  return createSequenceAugmentation(config, { seed, orthologs });
}

/** What a configuration asks for; `orthologs` are those of its file. */
export function createSequenceAugmentation(
  { orthologRate, substitutionRate, deletedResidues }: SequenceAugmentConfig,
  { seed, orthologs }: { readonly seed: number; readonly orthologs: Orthologs | undefined },
): SequenceAugmentation {
  const changes = (sequence: string, versions: readonly string[], item: number, step: number): string => {
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
        sequence: changes(protein.sequence, orthologs?.of(protein) ?? [], item, step),
      })),
  };
}

export interface HiddenResidues {
  /** See `embeddingAugmentSchema`. */
  readonly share: number;
  /** Tokens at either end of what a row's mask marks that are no residues. */
  readonly edge: number;
  readonly seed: number;
  readonly step: number;
}

/** A mask bool [B, L] of embedded residues without a random choice of them; a residue is left in every row. */
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
