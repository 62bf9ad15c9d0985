// How well compartments are predicted from sequences, with intervals by bootstrap over proteins. The figures are those of
// DeepLoc 2.0 (Thumuluri et al., NAR 2022): F1 and Matthews' correlation of each label and their means, Jaccard's index,
// fraction of proteins with exactly the right labels.

import { type BootstrapOptions, bootstrapAll, type Estimate } from "./bootstrap.ts";
import { countedLabels, type Judged, judgedLabels, matthews } from "./multi-label.ts";

export interface LabelFigures {
  /** Number of proteins that have the label. */
  readonly positives: number;
  readonly f1: Estimate | null;
  readonly matthews: Estimate | null;
}

/** Figures of a set of proteins. */
export interface LocalizationFigures {
  /** Mean over the labels. */
  readonly macroF1: Estimate | null;
  readonly microF1: Estimate | null;
  readonly macroMatthews: Estimate | null;
  /** Mean over proteins of the labels that are right, over those that are true or predicted. */
  readonly jaccard: Estimate | null;
  /** Fraction of proteins whose labels are all right. */
  readonly exact: Estimate | null;
  readonly labels: Readonly<Record<string, LabelFigures>>;
}

// What a call is: unknown, hit, false call, miss, rightly not called.
const [unknown, hit, falseCall, miss, rest] = [0, 1, 2, 3, 4] as const;

/** Figures of judged proteins, called at a threshold for each of `judgedLabels`; null where there is no protein. */
export function localizationFigures(
  rows: readonly (readonly (Judged | undefined)[])[],
  thresholds: readonly number[],
  options: BootstrapOptions = {},
): LocalizationFigures {
  const isCounted = countedLabels(rows);
  const counted = judgedLabels.flatMap((name, label) => (isCounted[label] ? [{ name, label }] : []));
  const calls = rows.map((row) =>
    Uint8Array.from(counted, ({ label }) => {
      const judged = row[label];
      if (judged === undefined) return unknown;
      const isCalled = judged.probability >= thresholds[label]!;
      return isCalled ? (judged.isTrue ? hit : falseCall) : judged.isTrue ? miss : rest;
    }),
  );
  const estimates =
    calls.length === 0 ? {} : bootstrapAll(calls, (drawn) => figuresOf(drawn, counted), options);
  const of = (name: string) => estimates[name] ?? null;
  const labels = counted.map(({ name, label }): [string, LabelFigures] => [
    name,
    {
      positives: rows.filter((row) => row[label]?.isTrue).length,
      f1: of(`f1 ${name}`),
      matthews: of(`matthews ${name}`),
    },
  ]);
  return {
    macroF1: of("macroF1"),
    microF1: of("microF1"),
    macroMatthews: of("macroMatthews"),
    jaccard: of("jaccard"),
    exact: of("exact"),
    labels: Object.fromEntries(labels),
  };
}

function figuresOf(calls: readonly Uint8Array[], labels: readonly { readonly name: string }[]) {
  const counts = labels.map(() => [0, 0, 0, 0, 0]);
  let [jaccard, withLabels, exact] = [0, 0, 0];
  for (const row of calls) {
    let [right, wrong] = [0, 0];
    for (let label = 0; label < row.length; label++) {
      const call = row[label]!;
      counts[label]![call]!++;
      if (call === hit) right++;
      else if (call === falseCall || call === miss) wrong++;
    }
    if (wrong === 0) exact++;
    if (right + wrong > 0) {
      jaccard += right / (right + wrong);
      withLabels++;
    }
  }
  const f1Of = (hits: number, errors: number) => (2 * hits) / (2 * hits + errors);
  const sum = (call: number) => counts.reduce((total, of) => total + of[call]!, 0);
  const f1 = counts.map((of) => f1Of(of[hit]!, of[falseCall]! + of[miss]!) || 0);
  const correlations = counts.map((of) => matthews([of[hit]!, of[falseCall]!, of[miss]!, of[rest]!]));
  const meanOf = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  return {
    macroF1: meanOf(f1),
    microF1: f1Of(sum(hit), sum(falseCall) + sum(miss)),
    macroMatthews: meanOf(correlations),
    jaccard: jaccard / withLabels,
    exact: exact / calls.length,
    ...Object.fromEntries(labels.map(({ name }, label) => [`f1 ${name}`, f1[label]!])),
    ...Object.fromEntries(labels.map(({ name }, label) => [`matthews ${name}`, correlations[label]!])),
  };
}
