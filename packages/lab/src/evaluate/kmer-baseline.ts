// What resemblance alone tells of a protein's place: the labels of the training proteins that share most of its k-mers
// (Jaccard's index of the sets of four residues in a row), each with the weight of its likeness. Between homology
// partitions little is left to share; a model that is no better has learned families and not signals.

import type { Protein } from "../data/atlas.ts";
import {
  compartmentGroups,
  compartments,
  type SequenceTargets,
  sequenceTargets,
} from "../data/compartments.ts";
import type { SequenceBaseline } from "./composition-baseline.ts";

const k = 4;
const neighbourCount = 10;
/** Shares of votes are held this far from 0 and 1, so that their log-odds are finite. */
const leastShare = 0.01;

export interface Neighbour {
  /** Position in the training proteins. */
  readonly position: number;
  /** Jaccard's index, above 0. */
  readonly likeness: number;
}

/** The function that finds the nearest of some sequences, nearest first, at most ten. */
export function openKmerIndex(sequences: readonly string[]): (sequence: string) => Neighbour[] {
  const holders = new Map<string, number[]>();
  const sizes = sequences.map((sequence, position) => {
    const kmers = kmersOf(sequence);
    for (const kmer of kmers) {
      const list = holders.get(kmer);
      if (list === undefined) holders.set(kmer, [position]);
      else list.push(position);
    }
    return kmers.size;
  });
  return (sequence) => {
    const kmers = kmersOf(sequence);
    const shared = new Uint32Array(sizes.length);
    for (const kmer of kmers) for (const position of holders.get(kmer) ?? []) shared[position]!++;
    const nearest: Neighbour[] = [];
    for (const [position, both] of shared.entries()) {
      const likeness = both / (kmers.size + sizes[position]! - both);
      if (both === 0 || likeness <= (nearest[neighbourCount - 1]?.likeness ?? 0)) continue;
      const place = nearest.findIndex((other) => other.likeness < likeness);
      nearest.splice(place < 0 ? nearest.length : place, 0, { position, likeness });
      nearest.length = Math.min(nearest.length, neighbourCount);
    }
    return nearest;
  };
}

function kmersOf(sequence: string): Set<string> {
  const kmers = new Set<string>();
  for (let start = 0; start + k <= sequence.length; start++) kmers.add(sequence.slice(start, start + k));
  return kmers;
}

/** Votes of the nearest training proteins, as log-odds. */
export function openKmerBaseline(training: readonly Protein[]): SequenceBaseline {
  const find = openKmerIndex(training.map(({ sequence }) => sequence));
  const votes = training.map((protein) => votesOf(sequenceTargets(protein)));
  return (sequence) => {
    const neighbours = find(sequence);
    const total = neighbours.reduce((sum, { likeness }) => sum + likeness, 0);
    return Float32Array.from(compartments, (_, label) => {
      const share = neighbours.reduce(
        (sum, { position, likeness }) => sum + (likeness / total) * votes[position]![label]!,
        0,
      );
      const held = Math.min(1 - leastShare, Math.max(leastShare, share));
      return Math.log(held / (1 - held));
    });
  };
}

/** A whole whose part is not known is its first part, which stands for it. */
function votesOf({ targets, groupTargets }: SequenceTargets): Float32Array {
  const votes = targets.slice();
  for (const [group, { members }] of compartmentGroups.entries())
    if (groupTargets[group] === 1) votes[compartments.indexOf(members[0]!)] = 1;
  return votes;
}
