// The part of report.html on what is predicted from sequences alone: figures of each set compared with the baselines' and
// with published ones, labels one by one, and the calibration of the probabilities.

import type { CalibrationError } from "../measures/calibration-error.ts";
import {
  type LocalizationMetrics,
  type SequenceMethodName,
  type SequenceSet,
  type SequenceSetScores,
  sequenceMethods,
  sequenceSets,
} from "../predict/sequences.ts";
import { escapeHtml, number, percent, table } from "./html.ts";

export const sequenceSetTitles: Readonly<Record<SequenceSet, string>> = {
  partition: "held-out homology partition, all organisms",
  partitionHuman: "its human proteins",
  atlas: "DeepLoc 2.0's human test set (Human Protein Atlas)",
};

export const methodTitles: Readonly<Record<SequenceMethodName, string>> = {
  languageModel: "this model",
  composition: "residue composition",
  kmers: "nearest by k-mers",
};

export function localizationSection({ sets, published }: LocalizationMetrics): string {
  const others = published.map(({ name, on, figures, source }) => [
    escapeHtml(name),
    escapeHtml(on),
    Object.entries(figures)
      .map(([figure, value]) => `${figure} ${value}`)
      .join(", "),
    escapeHtml(source),
  ]);
  return [
    ...sequenceSets
      .filter((name) => sets[name].proteins > 0)
      .map((name) => setSection(sequenceSetTitles[name], sets[name])),
    "<h3>Published elsewhere, on other splits and labels</h3>",
    table(["what", "on", "figures", "source"], others),
  ].join("\n");
}

function setSection(title: string, { proteins, methods, calibration }: SequenceSetScores): string {
  const figures = sequenceMethods.map((method) => {
    const { macroF1, microF1, macroMatthews, jaccard, exact } = methods[method];
    return [methodTitles[method], ...[macroF1, microF1, macroMatthews, jaccard, exact].map(number)];
  });
  const labels = Object.entries(methods.languageModel.labels).map(([name, { positives, f1, matthews }]) => [
    escapeHtml(name),
    String(positives),
    number(f1),
    number(matthews),
    number(methods.composition.labels[name]?.matthews ?? null),
    number(methods.kmers.labels[name]?.matthews ?? null),
  ]);
  const errors = (["before", "after"] as const).map((when) => [when, ...errorCells(calibration[when])]);
  return [
    `<h3>${escapeHtml(title)} (${proteins} proteins)</h3>`,
    table(["", "macro F1", "micro F1", "macro MCC", "Jaccard", "all labels right"], figures),
    table(["label", "proteins", "F1", "MCC", "MCC, composition", "MCC, k-mers"], labels),
    table(["calibration", "expected error", "probability (and fraction that is true), per bin"], errors),
  ].join("\n");
}

function errorCells({ error, bins }: CalibrationError): string[] {
  const pairs = bins.map(({ probability, share }) => `${percent(probability)} % (${percent(share)})`);
  return [number(error), pairs.join(", ")];
}
