// The figures of an evaluation as a few lines of text, for a terminal: one line per score, and which set of proteins it was
// measured on.

import { type Figure, findFigure } from "../suite/figure.ts";
import type { SuiteResults } from "../suite/results.ts";
import { number, share } from "./html.ts";
import { methodTitles, sequenceSetTitles } from "./localization.ts";
import type { Metrics } from "./metrics.ts";
import { scoreRows, setTitles } from "./report-html.ts";
import { share as asShare, cellOf } from "./sections/cells.ts";

/** One line per score, set by set. */
export function summarizeMetrics({ images, localization, suite }: Metrics): string[] {
  const generated = Object.entries(images?.compartments ?? {}).flatMap(([name, scores]) => [
    `${setTitles[name]}, ${scores.proteins} proteins`,
    ...scoreRows(scores).map(
      ({ title, units, accuracy, macroRecall }) =>
        `  ${title.padEnd(36)}${share(accuracy, units).padEnd(32)}macro recall ${share(macroRecall, units)}`,
    ),
  ]);
  const predicted = Object.entries(localization?.sets ?? {})
    .filter(([, { proteins }]) => proteins > 0)
    .flatMap(([name, { proteins, methods }]) => [
      `${sequenceSetTitles[name as keyof typeof sequenceSetTitles]}, ${proteins} proteins`,
      ...Object.entries(methods).map(
        ([method, { macroF1, jaccard }]) =>
          `  ${methodTitles[method as keyof typeof methodTitles].padEnd(36)}` +
          `macro F1 ${number(macroF1)}, Jaccard ${number(jaccard)}`,
      ),
    ]);
  return [...generated, ...(suite === null ? [] : judgeLines(suite)), ...predicted];
}

/** What each judge says of the generated images, and how good it is itself. */
function judgeLines({ judges, figures }: SuiteResults): string[] {
  const lines = judges.map(({ name }) => {
    const cell = (subject: string, set: Figure["set"]) => {
      const key = { measure: "accuracy", by: name, subject, set, compartment: null };
      const found = findFigure(figures, key);
      return found === undefined
        ? []
        : [`${subject}${set === "all" ? "" : `, ${set}`} ${cellOf(found, asShare)}`];
    };
    const parts = (["unseen", "seen", "all"] as const).flatMap((set) => cell("generated", set));
    return `  ${name.padEnd(36)}${[...parts, ...cell("real", "all")].join("; ")}`;
  });
  return lines.length === 0 ? [] : ["accuracy by every judge", ...lines];
}
