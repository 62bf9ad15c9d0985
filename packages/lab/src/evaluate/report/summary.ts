// The figures of an evaluation as a few lines of text, for a terminal: one line per score, and which set of proteins it was
// measured on.

import { number, share } from "./html.ts";
import { methodTitles, sequenceSetTitles } from "./localization.ts";
import type { Metrics } from "./metrics.ts";
import { scoreRows, setTitles } from "./report-html.ts";

/** One line per score, set by set. */
export function summarizeMetrics({ images, localization }: Metrics): string[] {
  const generated = Object.entries(images?.compartments ?? {}).flatMap(([name, scores]) => [
    `${setTitles[name]}, ${scores.proteins} proteins`,
    ...scoreRows(scores).map(
      ({ title, units, accuracy, macroRecall }) =>
        `  ${title.padEnd(36)}${share(accuracy, units).padEnd(32)}macro recall ${share(macroRecall, units)}`,
    ),
  ]);
  const predicted = Object.entries(localization?.sets ?? {}).flatMap(([name, { proteins, methods }]) => [
    `${sequenceSetTitles[name as keyof typeof sequenceSetTitles]}, ${proteins} proteins`,
    ...Object.entries(methods).map(
      ([method, { macroF1, jaccard }]) =>
        `  ${methodTitles[method as keyof typeof methodTitles].padEnd(36)}` +
        `macro F1 ${number(macroF1)}, Jaccard ${number(jaccard)}`,
    ),
  ]);
  return [...generated, ...predicted];
}
