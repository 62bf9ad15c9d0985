// The matched null of an experiment: the same change, made where it should mean nothing. Half of the draws are made in
// annotated proteins of about the same length, half in the protein itself with its residues in random order. Each takes the
// place whose composition is nearest to that of the residues that the experiment changes. An effect that such draws have as
// well says nothing about the place.

import { createGenerator, type RandomGenerator } from "@proteoscope/engine";
import { firstChanged, shuffleResidues } from "./edits.ts";

/** The sequences of a null; the effect of a draw is that between it and its background. */
export interface NullPlan {
  /** Unchanged proteins. */
  readonly backgrounds: readonly string[];
  readonly draws: readonly NullDraw[];
  /** Number of draws in length-matched proteins, and in shuffles of the protein. */
  readonly matched: number;
  readonly shuffled: number;
}

/** A changed background. */
export interface NullDraw {
  /** Index in `backgrounds`. */
  readonly background: number;
  readonly sequence: string;
}

/** How a null is drawn. */
export interface NullOptions {
  readonly draws: number;
  readonly seed: number;
  /** Proteins of about the same length; without any, all draws are shuffles. */
  readonly matched: readonly string[];
}

/** Number of draws that share a background: its own prediction is computed once. */
export const drawsPerBackground = 5;

/** Makes a null for a change of a sequence at a random place of the caller's choice. */
export function planNull(
  sequence: string,
  change: (background: string, random: RandomGenerator) => string,
  { draws: count, seed, matched }: NullOptions,
): NullPlan {
  const first = firstChanged(sequence);
  const isMatched = (background: number) => matched.length > 0 && background % 2 === 0;
  const backgrounds = Array.from({ length: Math.ceil(count / drawsPerBackground) }, (_, background) => {
    const random = createGenerator(seed, "null", background);
    if (isMatched(background)) return matched[random.integer(matched.length)]!;
    return sequence.slice(0, first) + shuffleResidues(sequence.slice(first), random);
  });
  const draws = Array.from({ length: count }, (_, draw): NullDraw => {
    const background = Math.floor(draw / drawsPerBackground);
    const random = createGenerator(seed, "null draw", draw);
    return { background, sequence: change(backgrounds[background]!, random) };
  });
  const inMatched = draws.filter(({ background }) => isMatched(background)).length;
  return { backgrounds, draws, matched: inMatched, shuffled: count - inMatched };
}
