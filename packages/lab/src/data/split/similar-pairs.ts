// Pairs of sequences that are alike: those that share several words of four residues are aligned, all others are not. Of two
// sequences of 200 residues that are half identical about twelve such words are shared, of two unrelated ones a quarter of one.

import { encodeResidues, type SequenceIdentity, sequenceIdentity } from "./sequence-identity.ts";

/** Two sequences by their positions, and how alike they are. */
export interface SimilarPair {
  readonly first: number;
  readonly second: number;
  readonly identity: number;
}

/** When two sequences are alike. */
export interface SimilarityOptions {
  /** Identical residues per aligned column, 0 to 1. */
  readonly identity: number;
  /** Pairs for which there is nothing to know are not aligned. */
  readonly isAsked?: ((first: number, second: number) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

const wordLength = 4;
const leastCoverage = 0.5;
const [shortColumns, shortIdentity] = [50, 0.8];
/** A word of more sequences than this is of a repeat or of a large family, whose members share other words as well. */
const mostSequences = 500;

/** Calls back every pair that is at least that alike over half of the shorter sequence (docs/data-set.md); `first` is below `second`. */
export async function eachSimilarPair(
  sequences: readonly string[],
  { identity, isAsked = () => true, signal, onProgress }: SimilarityOptions,
  take: (pair: SimilarPair) => void,
): Promise<void> {
  const encoded = sequences.map(encodeResidues);
  const lists = new Map<number, number[]>();
  let rested = performance.now();
  for (const [second, residues] of encoded.entries()) {
    const words = wordsOf(residues);
    const shared = new Map<number, number>();
    for (const word of words) {
      const list = lists.get(word);
      if (list === undefined) lists.set(word, [second]);
      else if (list.length < mostSequences) {
        for (const first of list) shared.set(first, (shared.get(first) ?? 0) + 1);
        list.push(second);
      }
    }
    for (const [first, count] of shared) {
      const shorter = Math.min(residues.length, encoded[first]!.length);
      if (count < Math.max(2, Math.ceil(0.01 * shorter)) || !isAsked(first, second)) continue;
      const aligned = sequenceIdentity(encoded[first]!, residues);
      if (isSimilar(aligned, identity)) take({ first, second, identity: aligned.identity });
    }
    if (performance.now() - rested < 50) continue;
    await new Promise((resolve) => setTimeout(resolve)); // lets the signal come through
    signal?.throwIfAborted();
    onProgress?.(second + 1);
    rested = performance.now();
  }
  onProgress?.(sequences.length);
}

/** Short stretches are alike by chance (Rost, Protein Engineering 12, 1999): they must be nearly identical. */
function isSimilar(aligned: SequenceIdentity, least: number): boolean {
  const { identity, coverage, columns } = aligned;
  return (
    identity >= least && coverage >= leastCoverage && (columns >= shortColumns || identity >= shortIdentity)
  );
}

function wordsOf(residues: Int8Array): Set<number> {
  const words = new Set<number>();
  for (let start = 0; start + wordLength <= residues.length; start++) {
    let word = 0;
    for (let at = start; at < start + wordLength; at++)
      word = residues[at]! < 0 ? Number.NaN : 20 * word + residues[at]!;
    if (!Number.isNaN(word)) words.add(word);
  }
  return words;
}

/** Clusters by single linkage: the smallest position of its cluster for each sequence. */
export async function clusterSequences(
  sequences: readonly string[],
  options: Omit<SimilarityOptions, "isAsked">,
): Promise<number[]> {
  const parent = sequences.map((_, at) => at);
  const find = (at: number): number => {
    let root = at;
    while (parent[root] !== root) root = parent[root]!;
    for (let on = at; on !== root; ) [on, parent[on]] = [parent[on]!, root];
    return root;
  };
  const isAsked = (first: number, second: number) => find(first) !== find(second);
  await eachSimilarPair(sequences, { ...options, isAsked }, ({ first, second }) => {
    const [low, high] = [find(first), find(second)].sort((a, b) => a - b) as [number, number];
    parent[high] = low;
  });
  return parent.map((_, at) => find(at));
}
