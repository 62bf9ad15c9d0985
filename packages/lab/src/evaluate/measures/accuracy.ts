// How often a prediction names the right compartment: accuracy, recall of each class, confusion. A class may have several
// right predictions, where its label names a whole and not its parts: Swiss-Prot has "nucleus" for a nucleolar protein.

import type { LabelClass } from "../../data/atlas/label-class.ts";
import { groupBy } from "../../data/group-by.ts";
import { mean } from "./bootstrap.ts";

/** A predicted compartment, with the label it is compared with. */
export interface ClassPrediction {
  readonly label: LabelClass;
  readonly predicted: string;
}

/** Whether the predicted compartment is the label or one of its parts. */
export function isRight({ label, predicted }: ClassPrediction): boolean {
  return label.members.includes(predicted);
}

/** Fraction of right predictions; NaN for none. */
export function accuracy(predictions: readonly ClassPrediction[]): number {
  return mean(predictions.map((prediction) => (isRight(prediction) ? 1 : 0)));
}

/** Mean over the classes that occur of the mean of their values: the macro recall, of 1 for right and 0 for wrong. */
export function macroMean(rows: readonly { readonly label: LabelClass; readonly value: number }[]): number {
  const classes = groupBy(rows, ({ label }) => label.name);
  return mean([...classes.values()].map((group) => mean(group.map(({ value }) => value))));
}

/** Probability that a guess among `count` equally probable compartments is right. */
export function chanceOf({ members }: LabelClass, count: number): number {
  return members.length / count;
}

/** The constant prediction that is right most often; the first of equals. */
export function mostFrequentClass(labels: readonly LabelClass[], answers: readonly string[]): string {
  const count = (predicted: string) => labels.filter(({ members }) => members.includes(predicted)).length;
  return answers.reduce((a, b) => (count(b) > count(a) ? b : a));
}

/** The constant prediction of the highest macro recall; the first of equals. */
export function bestMacroClass(labels: readonly LabelClass[], answers: readonly string[]): string {
  const recall = (predicted: string) =>
    macroMean(labels.map((label) => ({ label, value: isRight({ label, predicted }) ? 1 : 0 })));
  const recalls = answers.map((predicted) => ({ predicted, recall: recall(predicted) }));
  return recalls.reduce((a, b) => (b.recall > a.recall ? b : a)).predicted;
}

/** Counts of predictions by label. */
export interface Confusion {
  readonly classes: readonly string[];
  /** The predictions that are counted. */
  readonly answers: readonly string[];
  /** [classes][answers] */
  readonly counts: readonly (readonly number[])[];
}

/** Counts how often each class was predicted as each of `answers`. */
export function confusion(
  rows: readonly ClassPrediction[],
  classes: readonly string[],
  answers: readonly string[],
) {
  const groups = groupBy(rows, ({ label }) => label.name);
  const counts = classes.map((name) =>
    answers.map((wanted) => (groups.get(name) ?? []).filter(({ predicted }) => predicted === wanted).length),
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
