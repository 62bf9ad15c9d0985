// Batches of token sequences for the language model: windows of both ends of long proteins, grouped by length so that
// little is padding, a fraction of the residues masked, with the localization targets of the proteins.

import { createGenerator, f32, type NdArray } from "@proteoscope/engine";
import { maskTokenId, standardResidueIds, tokenizeBatch, windowSequence } from "@proteoscope/models";
import { compartmentGroups, compartments, sequenceTargets } from "../atlas/compartments.ts";
import type { Protein } from "../atlas/tables.ts";
import { maskTokens } from "./augment.ts";
import type { SequenceAugmentation } from "./sequence-augment.ts";
import { cumulate, drawIndex } from "./weighted-sampler.ts";

export interface SequenceBatchOptions {
  /** Token lengths of batches, ascending; a sequence goes to the shortest that holds it, or is windowed to the last. */
  readonly lengths: readonly number[];
  readonly batchSize: number;
  /** How often each protein is sampled, relative to the others. */
  readonly weights: ArrayLike<number>;
  readonly maskRate: number;
  readonly seed: number;
  /** Changes the sequences before they become tokens. */
  readonly augmentation?: SequenceAugmentation;
}

export const edgeTokens = 2; // <cls> and <eos>

/** Training batches by step: `inputIds`, `labels` int32 [B, L] and the localization targets [B, ...]. */
export function createSequenceBatches(
  proteins: readonly Protein[],
  options: SequenceBatchOptions,
): (step: number) => Record<string, NdArray> {
  const { batchSize, maskRate, seed, augmentation } = options;
  const sample = createProteinSampler(proteins, options);
  return (step) => {
    const { batch, length } = sample(step);
    const masking = createGenerator(seed, "masking", step).uniform(3 * batchSize * length);
    const shown = augmentation?.change(batch, step) ?? batch;
    return { ...maskedBatch(shown, length, masking, maskRate), ...targetBatch(batch) };
  };
}

/** Samples proteins of about one length for each step, with the token length that holds them. */
export function createProteinSampler(
  proteins: readonly Protein[],
  { lengths, batchSize, weights, seed }: Omit<SequenceBatchOptions, "maskRate" | "augmentation">,
): (step: number) => { readonly batch: readonly Protein[]; readonly length: number } {
  const buckets = lengths.flatMap((length, index) => {
    const shortest = index === 0 ? 0 : lengths[index - 1]! - edgeTokens;
    const longest = index === lengths.length - 1 ? Number.POSITIVE_INFINITY : length - edgeTokens;
    const members = proteins.flatMap(({ sequence }, position) =>
      sequence.length > shortest && sequence.length <= longest && weights[position]! > 0 ? [position] : [],
    );
    return members.length === 0 ? [] : [{ length, members }];
  });
  const memberSums = buckets.map(({ members }) => cumulate(members.map((position) => weights[position]!)));
  const bucketSums = cumulate(memberSums.map((sums) => sums[sums.length - 1]!));
  return (step) => {
    const uniform = createGenerator(seed, "sequences", step).uniform(1 + batchSize);
    const chosen = drawIndex(bucketSums, uniform[0]!);
    const { length, members } = buckets[chosen]!;
    const batch = Array.from(
      uniform.subarray(1),
      (u) => proteins[members[drawIndex(memberSums[chosen]!, u)]!]!,
    );
    return { batch, length };
  };
}

/** Tokens int32 [B, length] with a fraction of the residues masked, and `labels` that hold those. */
export function maskedBatch(
  proteins: readonly Protein[],
  length: number,
  uniform: Float32Array,
  rate: number,
): Record<"inputIds" | "labels", NdArray> {
  const { shape, data } = tokenBatch(proteins, length);
  const { inputs, labels } = maskTokens(data as Int32Array, uniform, {
    maskId: maskTokenId,
    residueIds: standardResidueIds,
    rate,
  });
  return {
    inputIds: { dtype: "int32", shape, data: inputs },
    labels: { dtype: "int32", shape, data: labels },
  };
}

/** Tokens int32 [B, length], padded on the right; long sequences are windowed. */
export function tokenBatch(proteins: readonly { sequence: string }[], length: number): NdArray {
  const windows = proteins.map(({ sequence }) => windowSequence(sequence, length - edgeTokens).sequence);
  const { inputIds } = tokenizeBatch(windows, { length });
  const data = Int32Array.from(inputIds.data as BigInt64Array, Number);
  return { dtype: "int32", shape: inputIds.shape, data };
}

/** Input types of a `targetBatch`. */
export const targetTypes = (batchSize: number) => ({
  targets: f32(batchSize, compartments.length),
  known: f32(batchSize, compartments.length),
  groupTargets: f32(batchSize, compartmentGroups.length),
  groupKnown: f32(batchSize, compartmentGroups.length),
});

/** Localization targets, one row per protein; see `sequenceTargets`. */
export function targetBatch(
  proteins: readonly Protein[],
): Record<"targets" | "known" | "groupTargets" | "groupKnown", NdArray> {
  const rows = proteins.map(sequenceTargets);
  const stack = (name: keyof (typeof rows)[number], width: number): NdArray => {
    const data = new Float32Array(rows.length * width);
    for (const [index, row] of rows.entries()) data.set(row[name], index * width);
    return { dtype: "float32", shape: [rows.length, width], data };
  };
  return {
    targets: stack("targets", compartments.length),
    known: stack("known", compartments.length),
    groupTargets: stack("groupTargets", compartmentGroups.length),
    groupKnown: stack("groupKnown", compartmentGroups.length),
  };
}
