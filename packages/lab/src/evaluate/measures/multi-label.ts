// Predicted compartments compared with known ones, protein by protein and label by label. Labels are taken as their
// sources give them: the nucleus and the cytoplasm as wholes count where no part is resolved, and what is unknown
// counts nowhere. One threshold per label turns probabilities into calls.

import { compartmentGroups, compartments, type SequenceTargets } from "../../data/atlas/compartments.ts";

/** The probability of a label, and whether the protein has it. */
export interface Judged {
  readonly probability: number;
  readonly isTrue: boolean;
}

/** The compartments and, behind them, the wholes: `any nucleus`, `any cytoplasm`. */
export const judgedLabels: readonly string[] = [
  ...compartments,
  ...compartmentGroups.map(({ name }) => `any ${name}`),
];

const groups = compartmentGroups.map(({ members }) => members.map((member) => compartments.indexOf(member)));

/** One entry per label of `judgedLabels`, undefined where the source does not say; probabilities [compartments]. */
export function judgeLabels(
  probabilities: ArrayLike<number>,
  { known, targets, groupKnown, groupTargets }: SequenceTargets,
): (Judged | undefined)[] {
  return [
    ...compartments.map((_, index) =>
      known[index] === 1 ? { probability: probabilities[index]!, isTrue: targets[index] === 1 } : undefined,
    ),
    ...groups.map((members, group) => {
      const probability = 1 - members.reduce((none, index) => none * (1 - probabilities[index]!), 1);
      if (groupKnown[group] === 1) return { probability, isTrue: groupTargets[group] === 1 };
      if (!members.every((index) => known[index] === 1)) return undefined;
      return { probability, isTrue: members.some((index) => targets[index] === 1) };
    }),
  ];
}

/** Labels with fewer proteins that have or lack them are left out of the figures of a set. */
const fewest = 5;

/** Which of `judgedLabels` enough of some proteins have, and enough lack. */
export function countedLabels(rows: readonly (readonly (Judged | undefined)[])[]): boolean[] {
  return judgedLabels.map((_, label) => {
    const known = rows.flatMap((row) => row[label] ?? []);
    const positives = known.filter(({ isTrue }) => isTrue).length;
    return positives >= fewest && known.length - positives >= fewest;
  });
}

const candidates = Array.from({ length: 97 }, (_, index) => (index + 2) / 100);

/** The threshold of each label whose calls have the highest Matthews correlation; one half where there are too few. */
export function fitThresholds(rows: readonly (readonly (Judged | undefined)[])[]): number[] {
  const isCounted = countedLabels(rows);
  return judgedLabels.map((_, label) => {
    if (!isCounted[label]) return 0.5;
    const known = rows.flatMap((row) => row[label] ?? []);
    const quality = (threshold: number) => {
      const counts = [0, 0, 0, 0]; // true and called, not true and called, true alone, neither
      for (const { probability, isTrue } of known)
        counts[(probability >= threshold ? 0 : 2) + (isTrue ? 0 : 1)]!++;
      return matthews(counts as [number, number, number, number]);
    };
    return candidates.map((at) => [at, quality(at)] as const).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  });
}

/** Matthews' correlation of counts: hits, false calls, misses, the rest; 0 where all or none are called or true. */
export function matthews([hits, falseCalls, misses, rest]: readonly [
  number,
  number,
  number,
  number,
]): number {
  const margins = (hits + falseCalls) * (hits + misses) * (rest + falseCalls) * (rest + misses);
  return margins === 0 ? 0 : (hits * rest - falseCalls * misses) / Math.sqrt(margins);
}
