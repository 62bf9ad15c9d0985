// An edit of a sequence: a stretch of residues that is replaced by others. Variants are lists of edits, and the null of a
// variant makes the same edits elsewhere. Positions count from 0 here; people and files count from 1.

import type { RandomGenerator } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import type { Terminus } from "./signals.ts";

/** A stretch of a sequence, [begin, end) from 0. */
export interface Stretch {
  readonly begin: number;
  readonly end: number;
}

/** A stretch that is replaced by other residues, either of which may be empty. */
export interface Edit extends Stretch {
  readonly insert: string;
  /** The end that the edit belongs to: the same edit of another protein is made at its end. */
  readonly terminus?: Terminus | undefined;
}

/** The sequence with all edits, whose positions are those of the unchanged sequence. @throws ProteoscopeError (usage) for edits that overlap. */
export function applyEdits(sequence: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let changed = "";
  let at = 0;
  for (const { begin, end, insert } of sorted) {
    if (begin < at)
      throw new ProteoscopeError(
        `two changes overlap at residue ${begin + 1}: give them as variants of their own`,
        {
          ...{ kind: "usage", field: "variants" },
        },
      );
    changed += sequence.slice(at, begin) + insert;
    at = end;
  }
  return changed + sequence.slice(at);
}

/** Index of the first residue that experiments change: the methionine that translation begins with stays. */
export function firstChanged(sequence: string): number {
  return sequence.startsWith("M") ? 1 : 0;
}

/** The residues in random order. */
export function shuffleResidues(residues: string, random: RandomGenerator): string {
  return Array.from(random.shuffle(residues.length), (index) => residues[index]).join("");
}

/**
 * The stretch of a sequence with the same length as `residues` and the nearest composition: the one with the smallest number
 * of residues to exchange, a random one of equal ones. It leaves out the first methionine.
 */
export function nearestComposition(sequence: string, residues: string, random: RandomGenerator): Stretch {
  const first = firstChanged(sequence);
  const places = sequence.length - first - residues.length + 1;
  if (places < 1) throw new RangeError(`no stretch of ${residues.length} residues in ${sequence.length}`);
  const surplus = new Map<string, number>(); // residues of the stretch less those that are wanted
  const change = (residue: string, by: number) => surplus.set(residue, (surplus.get(residue) ?? 0) + by);
  for (const residue of residues) change(residue, -1);
  for (const residue of sequence.slice(first, first + residues.length)) change(residue, 1);
  const distances = Array.from({ length: places }, (_, place) => {
    if (place > 0) {
      change(sequence[first + place - 1]!, -1);
      change(sequence[first + place + residues.length - 1]!, 1);
    }
    let distance = 0;
    for (const count of surplus.values()) distance += Math.abs(count);
    return distance;
  });
  const nearest = Math.min(...distances);
  const equal = distances.flatMap((distance, place) => (distance === nearest ? [first + place] : []));
  const begin = equal[random.integer(equal.length)]!;
  return { begin, end: begin + residues.length };
}
