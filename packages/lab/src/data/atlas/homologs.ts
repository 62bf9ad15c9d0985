// The annotated proteins that a model brings to compare sequences with. A protein counts once, shared out among its
// compartments; of a whole whose parts its source does not tell (the nucleus, the cytoplasm), each part gets what it has
// where sources do tell.

import { type AnnotatedProteins, homologDefaults, type LoadedHomologs } from "@proteoscope/models";
import { compartmentGroups, compartments, sequenceTargets } from "./compartments.ts";
import type { Protein } from "./tables.ts";

/** Relatives by the compartments of the vocabulary. */
export function homologsOf(proteins: readonly Protein[]): LoadedHomologs {
  return {
    config: { ...homologDefaults, labels: compartments },
    proteins: annotated(proteins),
  };
}

function annotated(proteins: readonly Protein[]): AnnotatedProteins {
  const encoder = new TextEncoder();
  const encoded = proteins.map(({ sequence }) => encoder.encode(sequence));
  const ends = new Int32Array(proteins.length);
  for (const [index, { length }] of encoded.entries()) ends[index] = (ends[index - 1] ?? 0) + length;
  const sequences = new Uint8Array(ends.at(-1) ?? 0);
  for (const [index, bytes] of encoded.entries()) sequences.set(bytes, ends[index]! - bytes.length);
  return { sequences, ends, shares: sharesOf(proteins) };
}

/** [proteins, compartments] */
function sharesOf(proteins: readonly Protein[]): Float32Array {
  const width = compartments.length;
  const targets = proteins.map(sequenceTargets);
  const context = targets.map(({ targets, known }) => targets.map((target, label) => target * known[label]!));
  const frequency = compartments.map((_, label) => context.reduce((sum, row) => sum + row[label]!, 0));
  const shares = new Float32Array(proteins.length * width);
  for (const [index, { groupTargets }] of targets.entries()) {
    const row = context[index]!;
    for (const [group, { members }] of compartmentGroups.entries()) {
      if (groupTargets[group] !== 1) continue;
      const places = members.map((name) => compartments.indexOf(name));
      const total = places.reduce((sum, label) => sum + frequency[label]!, 0);
      for (const label of places) row[label]! += total > 0 ? frequency[label]! / total : 1 / members.length;
    }
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum > 0)
      shares.set(
        row.map((share) => share / sum),
        index * width,
      );
  }
  return shares;
}
