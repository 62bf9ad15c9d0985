// How often an answer names the right compartment: accuracy, recall of each class, confusion. A class may have several
// right answers, where its label names a whole and not its parts: Swiss-Prot says "nucleus" of a nucleolar protein.

import type { LabelClass } from "../../data/atlas/label-class.ts";
import { mean } from "./bootstrap.ts";
import { groupBy } from "./group-by.ts";

export interface Answer {
  readonly label: LabelClass;
  /** A compartment. */
  readonly answer: string;
}

export function isRight({ label, answer }: Answer): boolean {
  return label.members.includes(answer);
}

/** Share of right answers; NaN for none. */
export function accuracy(answers: readonly Answer[]): number {
  return mean(answers.map((answer) => (isRight(answer) ? 1 : 0)));
}

/** Mean over the classes that occur of the mean of their values: the macro recall, of 1 for right and 0 for wrong. */
export function macroMean(rows: readonly { readonly label: LabelClass; readonly value: number }[]): number {
  const classes = groupBy(rows, ({ label }) => label.name);
  return mean([...classes.values()].map((group) => mean(group.map(({ value }) => value))));
}

/** Share of right answers of a guess that favours none of `count` compartments. */
export function chanceOf({ members }: LabelClass, count: number): number {
  return members.length / count;
}

/** The one answer that is right most often; the first of equals. */
export function mostFrequentAnswer(labels: readonly LabelClass[], answers: readonly string[]): string {
  const count = (answer: string) => labels.filter(({ members }) => members.includes(answer)).length;
  return answers.reduce((a, b) => (count(b) > count(a) ? b : a));
}

/** The one answer of the highest macro recall; the first of equals. */
export function bestMacroAnswer(labels: readonly LabelClass[], answers: readonly string[]): string {
  const recall = (answer: string) =>
    macroMean(labels.map((label) => ({ label, value: isRight({ label, answer }) ? 1 : 0 })));
  const recalls = answers.map((answer) => ({ answer, recall: recall(answer) }));
  return recalls.reduce((a, b) => (b.recall > a.recall ? b : a)).answer;
}

export interface Confusion {
  readonly classes: readonly string[];
  readonly answers: readonly string[];
  /** [classes][answers] */
  readonly counts: readonly (readonly number[])[];
}

/** How often each class got each answer. */
export function confusion(rows: readonly Answer[], classes: readonly string[], answers: readonly string[]) {
  const groups = groupBy(rows, ({ label }) => label.name);
  const counts = classes.map((name) =>
    answers.map((wanted) => (groups.get(name) ?? []).filter(({ answer }) => answer === wanted).length),
  );
  return { classes, answers, counts } satisfies Confusion;
}

/** The name of the highest value; the first of equals. */
export function likeliest(names: readonly string[], values: ArrayLike<number>): string {
  let best = 0;
  for (let i = 1; i < names.length; i++) if (values[i]! > values[best]!) best = i;
  return names[best]!;
}

/** Half the sum of differences of two distributions of equal length, each made to sum to 1: 0 same, 1 disjoint. */
export function totalVariation(a: readonly number[], b: readonly number[]): number {
  const [totalA, totalB] = [a, b].map((row) => row.reduce((sum, value) => sum + value, 0)) as [
    number,
    number,
  ];
  return a.reduce((sum, value, i) => sum + Math.abs(value / totalA - b[i]! / totalB), 0) / 2;
}
