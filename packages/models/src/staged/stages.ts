// A network in stages: each reads named values, has parameters of its own and gives named values to those after it. One after
// the other in one graph they are the network; compiled apart they let a network run whose weights are larger than the memory.

import type { Tensor, Tensors, Weights } from "@proteoscope/engine";

/** A part of a network. */
export interface Stage {
  readonly name: string;
  /** Names of the values that it reads. */
  readonly reads: readonly string[];
  /** Names of the values that it gives; one that was there before is replaced. */
  readonly writes: readonly string[];
  apply(w: Weights, values: Tensors): Tensors;
}

/** All values after the stages, in one graph. */
export function applyStages(w: Weights, stages: readonly Stage[], values: Tensors): Tensors {
  let known = values;
  for (const stage of stages) known = { ...known, ...applyStage(w, stage, known) };
  return known;
}

/** What a stage gives for the values that it reads. @throws Error where one is missing */
export function applyStage(w: Weights, { name, reads, writes, apply }: Stage, known: Tensors): Tensors {
  const missing = reads.find((read) => known[read] === undefined);
  if (missing !== undefined) throw new Error(`stage ${name}: ${missing} is not there`);
  const given = apply(w, Object.fromEntries(reads.map((read) => [read, known[read]!])));
  return Object.fromEntries(writes.map((write): [string, Tensor] => [write, given[write]!]));
}

/** What a run of stages takes from those before it, and what of it is wanted after it. */
export function boundariesOf(
  stages: readonly Stage[],
  {
    first,
    end,
    outputs,
  }: { readonly first: number; readonly end: number; readonly outputs: readonly string[] },
): { readonly reads: readonly string[]; readonly writes: readonly string[] } {
  const written = new Set<string>();
  const reads = new Set<string>();
  for (const stage of stages.slice(first, end)) {
    for (const name of stage.reads) if (!written.has(name)) reads.add(name);
    for (const name of stage.writes) written.add(name);
  }
  const later = boundariesReads(stages.slice(end), outputs);
  return { reads: [...reads], writes: [...written].filter((name) => later.has(name)) };
}

/** Names that stages read of what is there before them, and the outputs that none of them gives. */
function boundariesReads(stages: readonly Stage[], outputs: readonly string[]): Set<string> {
  const written = new Set<string>();
  const reads = new Set<string>();
  for (const stage of stages) {
    for (const name of stage.reads) if (!written.has(name)) reads.add(name);
    for (const name of stage.writes) written.add(name);
  }
  for (const name of outputs) if (!written.has(name)) reads.add(name);
  return reads;
}
