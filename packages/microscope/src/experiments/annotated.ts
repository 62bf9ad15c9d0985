// The annotated proteins of a model as an experiment uses them: as a source of proteins of the same length for its null. No
// prediction of an experiment sees their annotations.

import type { AnnotatedProteins, LoadedHomologs } from "@proteoscope/models";

/** Number of proteins of the nearest lengths from which the null is drawn. */
const mostMatched = 500;

/** The annotated proteins whose lengths are nearest to that of a sequence, the sequence itself left out. */
export function lengthMatched(homologs: LoadedHomologs | undefined, sequence: string): string[] {
  if (homologs === undefined) return [];
  const { proteins } = homologs;
  const difference = (index: number) => Math.abs(lengthOf(proteins, index) - sequence.length);
  const nearest = Array.from(proteins.ends.keys()).sort((a, b) => difference(a) - difference(b) || a - b);
  return nearest
    .slice(0, mostMatched + 1)
    .map((index) => sequenceOf(proteins, index))
    .filter((other) => other !== sequence)
    .slice(0, mostMatched);
}

function lengthOf({ ends }: AnnotatedProteins, index: number): number {
  return ends[index]! - (ends[index - 1] ?? 0);
}

function sequenceOf({ sequences, ends }: AnnotatedProteins, index: number): string {
  return new TextDecoder().decode(sequences.subarray(ends[index - 1] ?? 0, ends[index]));
}
