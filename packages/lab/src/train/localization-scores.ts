// How well predicted compartments agree with what is known of them: average precision, which needs no threshold,
// and F1 at one half, each averaged over the labels. Labels are taken as their sources give them: the nucleus and
// the cytoplasm as wholes count where no part is resolved, and what is unknown counts nowhere.

import { compartmentGroups, compartments, type SequenceTargets } from "../data/compartments.ts";

export interface LocalizationScores {
  readonly macroAveragePrecision: number;
  readonly macroF1: number;
  /** Average precision of each label that has enough proteins with it. */
  readonly byLabel: Readonly<Record<string, number>>;
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
      const indices = members.map((member) => compartments.indexOf(member));
      const ofGroup = (row: number) =>
        1 - indices.reduce((none, index) => none * (1 - probabilities[row]![index]!), 1);
      return [`any ${name}`, judgedGroup(targets, group, indices, ofGroup)];
    }),
  ];
  const counted = labels.filter(([, rows]) => {
    const positives = rows.filter(({ isTrue }) => isTrue).length;
    return positives >= fewestPositives && positives < rows.length;
  });
  const byLabel = Object.fromEntries(counted.map(([name, rows]) => [name, averagePrecision(rows)]));
  return {
    byLabel,
    macroAveragePrecision: mean(Object.values(byLabel)),
    macroF1: mean(counted.map(([, rows]) => f1(rows))),
  };
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

// A source that tells the whole alone says "yes" for the group, or "no" for each of its parts.
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

function f1(rows: readonly Judged[]): number {
  const count = (isTrue: boolean, isCalled: boolean) =>
    rows.filter((row) => row.isTrue === isTrue && row.probability >= 0.5 === isCalled).length;
  return (2 * count(true, true)) / (2 * count(true, true) + count(false, true) + count(true, false));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
