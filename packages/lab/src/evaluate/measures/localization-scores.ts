// How well predicted compartments agree with what is known of them: average precision, which needs no threshold;
// F1 and Matthews' correlation at one half, label by label; Jaccard's index at one half, protein by protein (the
// figures of DeepLoc 2.0, Thumuluri et al., NAR 2022). Labels are taken as their sources give them: the nucleus and the
// cytoplasm as wholes count where no part is resolved, and what is unknown counts nowhere.

import { compartmentGroups, compartments, type SequenceTargets } from "../../data/atlas/compartments.ts";

export interface LabelScores {
  readonly averagePrecision: number;
  readonly f1: number;
  /** Matthews' correlation coefficient; 0 where all or none are predicted. */
  readonly matthews: number;
}

export interface LocalizationScores {
  /** Means over the labels. */
  readonly macroAveragePrecision: number;
  readonly macroF1: number;
  readonly macroMatthews: number;
  /** Mean over proteins of the labels that are right, over those that are true or predicted. */
  readonly jaccard: number;
  /** Scores of each label that enough proteins have. */
  readonly byLabel: Readonly<Record<string, LabelScores>>;
}

/** Labels with fewer proteins are left out of the means. */
const fewestPositives = 5;

interface Judged {
  readonly probability: number;
  readonly isTrue: boolean;
}

/** Scores of probabilities [proteins][compartments]. Means are NaN where no label has enough proteins. */
export function scoreLocalization(
  probabilities: readonly ArrayLike<number>[],
  targets: readonly SequenceTargets[],
): LocalizationScores {
  const labels: (readonly [string, Judged[]])[] = [
    ...compartments.map((name, index): [string, Judged[]] => [
      name,
      judged(targets, "known", "targets", index, (row) => probabilities[row]![index]!),
    ]),
    ...compartmentGroups.map(({ name, members }, group): [string, Judged[]] => {
      const indices = indicesOf(members);
      const ofGroup = (row: number) => probabilityOfAny(probabilities[row]!, indices);
      return [`any ${name}`, judgedGroup(targets, group, indices, ofGroup)];
    }),
  ];
  const counted = labels.filter(([, rows]) => {
    const positives = rows.filter(({ isTrue }) => isTrue).length;
    return positives >= fewestPositives && positives < rows.length;
  });
  const scored = counted.map(
    ([name, rows]) => [name, { averagePrecision: averagePrecision(rows), ...scoreCalls(rows) }] as const,
  );
  const meanOf = (score: keyof LabelScores) => mean(scored.map(([, scores]) => scores[score]));
  return {
    byLabel: Object.fromEntries(scored),
    macroAveragePrecision: meanOf("averagePrecision"),
    macroF1: meanOf("f1"),
    macroMatthews: meanOf("matthews"),
    jaccard: jaccard(probabilities, targets),
  };
}

const indicesOf = (members: readonly (typeof compartments)[number][]): number[] =>
  members.map((member) => compartments.indexOf(member));

function probabilityOfAny(probabilities: ArrayLike<number>, indices: readonly number[]): number {
  return 1 - indices.reduce((none, index) => none * (1 - probabilities[index]!), 1);
}

function judged(
  targets: readonly SequenceTargets[],
  known: "known" | "groupKnown",
  value: "targets" | "groupTargets",
  index: number,
  probabilityOf: (row: number) => number,
): Judged[] {
  return targets.flatMap((target, row) =>
    target[known][index] === 1
      ? [{ probability: probabilityOf(row), isTrue: target[value][index] === 1 }]
      : [],
  );
}

// A source that states only the whole says "yes" for the group, or "no" for each of its parts.
function judgedGroup(
  targets: readonly SequenceTargets[],
  group: number,
  members: readonly number[],
  probabilityOf: (row: number) => number,
): Judged[] {
  return targets.flatMap((target, row) => {
    const isWhole = target.groupKnown[group] === 1;
    if (!isWhole && !members.every((index) => target.known[index] === 1)) return [];
    const isTrue = isWhole || members.some((index) => target.targets[index] === 1);
    return [{ probability: probabilityOf(row), isTrue }];
  });
}

/** Mean precision at each true item, from the most to the least probable; equal ones share their rank's mean. */
export function averagePrecision(rows: readonly Judged[]): number {
  const sorted = [...rows].sort((a, b) => b.probability - a.probability);
  const total = sorted.filter(({ isTrue }) => isTrue).length;
  let found = 0;
  let sum = 0;
  for (let begin = 0; begin < sorted.length; ) {
    let end = begin;
    let tied = 0;
    while (end < sorted.length && sorted[end]!.probability === sorted[begin]!.probability) {
      if (sorted[end++]!.isTrue) tied++;
    }
    found += tied;
    sum += (tied * found) / end;
    begin = end;
  }
  return sum / total;
}

const isCalled = (probability: number): boolean => probability >= 0.5;

function scoreCalls(rows: readonly Judged[]): Omit<LabelScores, "averagePrecision"> {
  const count = (isTrue: boolean, called: boolean) =>
    rows.filter((row) => row.isTrue === isTrue && isCalled(row.probability) === called).length;
  const [hits, falseCalls, misses, rest] = [
    count(true, true),
    count(false, true),
    count(true, false),
    count(false, false),
  ] as const;
  const margins = (hits + falseCalls) * (hits + misses) * (rest + falseCalls) * (rest + misses);
  return {
    f1: (2 * hits) / (2 * hits + falseCalls + misses),
    matthews: margins === 0 ? 0 : (hits * rest - falseCalls * misses) / Math.sqrt(margins),
  };
}

/** A whole that is stated without its parts is one label; where its parts are known, they are the labels. */
function jaccard(probabilities: readonly ArrayLike<number>[], targets: readonly SequenceTargets[]): number {
  const groups = compartmentGroups.map(({ members }) => indicesOf(members));
  const ofProteins = targets.flatMap((target, row) => {
    const values = probabilities[row]!;
    const labels = [
      ...[...target.known].flatMap((known, index) =>
        known === 1 ? [{ isTrue: target.targets[index] === 1, called: isCalled(values[index]!) }] : [],
      ),
      ...groups.flatMap((members, group) =>
        target.groupKnown[group] === 1
          ? [
              {
                isTrue: target.groupTargets[group] === 1,
                called: isCalled(probabilityOfAny(values, members)),
              },
            ]
          : [],
      ),
    ];
    const either = labels.filter(({ isTrue, called }) => isTrue || called).length;
    return either === 0 ? [] : [labels.filter(({ isTrue, called }) => isTrue && called).length / either];
  });
  return mean(ofProteins);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
