// Proteins as the classes of images: which crops show which protein, how they are divided into training and validation, and
// how often each is sampled. A model of images alone knows no sequences, so every protein is learned and images are held out
// (the `all_proteins` split).
//
// Where a protein was imaged in several fields, whole fields are held out. Where there is one field its crops are divided,
// which is easier: neighbours in a field look alike.

import { createGenerator } from "@proteoscope/engine";
import type { Crop } from "./tables.ts";

export interface ProteinClasses {
  /** Gene names, in alphabetical order; the position is the class. */
  readonly genes: readonly string[];
  readonly training: readonly Crop[];
  /** Single cells, without blends. */
  readonly validation: readonly Crop[];
}

export interface ProteinClassOptions {
  /** Fraction of a protein's fields, or crops, that is held out; at least one where there are two. */
  readonly validationShare: number;
  readonly seed: number;
}

/** Every known gene is a class; crops of unknown gene have the split of the atlas. */
export function splitByProtein(crops: readonly Crop[], options: ProteinClassOptions): ProteinClasses {
  const byGene = new Map<string, Crop[]>();
  const training: Crop[] = [];
  const validation: Crop[] = [];
  for (const crop of crops) {
    if (crop.gene !== undefined) byGene.set(crop.gene, [...(byGene.get(crop.gene) ?? []), crop]);
    else if (crop.split === "train") training.push(crop);
    else validation.push(crop);
  }
  for (const [gene, members] of byGene) {
    const isHeldOut = chooseHeldOut(gene, members, options);
    for (const crop of members) (isHeldOut(crop) ? validation : training).push(crop);
  }
  return {
    genes: [...byGene.keys()].sort(),
    training,
    validation: validation.filter(({ isBlend }) => !isBlend),
  };
}

function chooseHeldOut(
  gene: string,
  members: readonly Crop[],
  { validationShare, seed }: ProteinClassOptions,
): (crop: Crop) => boolean {
  const fields = new Set(members.map(({ fieldOfView }) => fieldOfView));
  const unitOf = (crop: Crop) => (fields.size > 1 ? crop.fieldOfView : String(crop.index));
  const units = [...new Set(members.map(unitOf))].sort();
  const wanted = Math.max(1, Math.round(validationShare * units.length));
  const count = Math.min(wanted, units.length - 1); // at least one is learned from
  const order = createGenerator(seed, "protein images", gene).shuffle(units.length);
  const heldOut = new Set(Array.from(order.subarray(0, count), (position) => units[position]!));
  return (crop) => heldOut.has(unitOf(crop));
}

/**
 * How often each crop is sampled where proteins are learned: all known proteins together with the probability `share`, and
 * each as often as any other. Among the crops of one protein, and among those of none, `weights` decides.
 */
export function proteinWeights(crops: readonly Crop[], weights: Float64Array, share: number): Float64Array {
  const totals = new Map<string | undefined, number>();
  for (const [i, { gene, isBlend }] of crops.entries())
    if (!isBlend) totals.set(gene, (totals.get(gene) ?? 0) + weights[i]!);
  const unknown = totals.get(undefined) ?? 0;
  const known = [...totals].filter(([gene, total]) => gene !== undefined && total > 0).length;
  const knownShare = unknown === 0 ? 1 : share;
  return weights.map((weight, i) => {
    const { gene, isBlend } = crops[i]!;
    if (isBlend || weight === 0) return weight; // blends are sampled separately
    return gene === undefined
      ? ((1 - knownShare) * weight) / unknown
      : (knownShare * weight) / (known * totals.get(gene)!);
  });
}
