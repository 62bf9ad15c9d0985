// The null of a variant: its edits made elsewhere. A substitution is made at another residue of the same kind, a deletion
// where the composition is nearest, an insertion at a random place with its residues in random order; what belongs to an end
// is made at the same end of the other protein.

import type { RandomGenerator } from "@proteoscope/engine";
import { type Edit, firstChanged, nearestComposition, shuffleResidues } from "./edits.ts";

/** Makes the edits of a variant in another protein, one after the other. @throws RangeError where a deletion is longer than it. */
export function editElsewhere(
  wildType: string,
  edits: readonly Edit[],
  background: string,
  random: RandomGenerator,
): string {
  return edits.reduce((sequence, edit) => {
    const { begin, end } = placeOf(edit, wildType, sequence, random);
    const insert = edit.insert.startsWith("M")
      ? `M${shuffleResidues(edit.insert.slice(1), random)}`
      : shuffleResidues(edit.insert, random);
    return sequence.slice(0, begin) + insert + sequence.slice(end);
  }, background);
}

function placeOf(
  { begin, end, terminus }: Edit,
  wildType: string,
  sequence: string,
  random: RandomGenerator,
) {
  const length = end - begin;
  const { length: residues } = sequence;
  if (terminus === "N") {
    const first = Math.min(begin, firstChanged(sequence));
    return { begin: first, end: Math.min(first + length, residues - 1) };
  }
  if (terminus === "C") return { begin: Math.max(residues - length, 1), end: residues };
  if (length > 0) return nearestComposition(sequence, wildType.slice(begin, end), random);
  const at = firstChanged(sequence) + random.integer(residues - firstChanged(sequence));
  return { begin: at, end: at };
}
