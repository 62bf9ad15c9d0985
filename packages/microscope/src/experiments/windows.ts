// The windows of a scan and what is done to them: each is deleted, or its residues are replaced,
// or it is all that is left.

import type { RandomGenerator } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import { firstChanged, type Stretch, shuffleResidues } from "./edits.ts";

/**
 * What a scan does to a window: `delete` removes it, `alanine` replaces each residue by alanine, `substitute` by a random
 * other one, `shuffle` puts its residues into random order, `fragment` removes everything else.
 */
export const scanModes = ["delete", "alanine", "substitute", "shuffle", "fragment"] as const;
/** One of `scanModes`. */
export type ScanMode = (typeof scanModes)[number];

const residues = "ACDEFGHIKLMNPQRSTVWY";

/**
 * Windows from the first residue behind the starting methionine to the last; where the stride does not end there, one more
 * window does. @throws ProteoscopeError (usage) for a window that the protein has no room for.
 */
export function placeWindows(sequence: string, windowResidues: number, strideResidues: number): Stretch[] {
  const first = firstChanged(sequence);
  const last = sequence.length - windowResidues;
  if (last < first)
    throw new ProteoscopeError(
      `a window of ${windowResidues} residues does not fit into ${sequence.length - first} residues`,
      { kind: "usage", field: "windowResidues" },
    );
  const begins: number[] = [];
  for (let begin = first; begin < last; begin += strideResidues) begins.push(begin);
  return [...begins, last].map((begin) => ({ begin, end: begin + windowResidues }));
}

/** The change of a window as `parseVariant` takes it; null where the mode makes it at random. */
export function windowVariant(
  { first, last, residues }: { readonly first: number; readonly last: number; readonly residues: string },
  mode: ScanMode,
): string | null {
  if (mode === "delete") return `del:${first}-${last}`;
  if (mode === "fragment") return `keep:${first}-${last}`;
  if (mode !== "alanine") return null;
  const [from, to] = [residues[0], residues.at(-1)];
  const range = first === last ? `${from}${first}` : `${from}${first}_${to}${last}`;
  return `${range}delins${"A".repeat(residues.length)}`;
}

/** The sequence after what a mode does to a stretch of it; the first methionine stays. */
export function changeStretch(
  sequence: string,
  { begin, end }: Stretch,
  mode: ScanMode,
  random: RandomGenerator,
): string {
  const stretch = sequence.slice(begin, end);
  const first = firstChanged(sequence);
  if (mode === "fragment") return sequence.slice(0, first) + stretch;
  return sequence.slice(0, begin) + replacement(stretch, mode, random) + sequence.slice(end);
}

function replacement(stretch: string, mode: Exclude<ScanMode, "fragment">, random: RandomGenerator): string {
  switch (mode) {
    case "delete":
      return "";
    case "alanine":
      return "A".repeat(stretch.length);
    case "shuffle":
      return shuffleResidues(stretch, random);
    case "substitute":
      return Array.from(stretch, (residue, index) => {
        const others = residues.replace(residue, "");
        return others[random.integer(others.length, index)];
      }).join("");
  }
}
