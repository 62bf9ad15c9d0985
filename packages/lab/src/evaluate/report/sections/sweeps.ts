// The section on averages over several images of a protein and on other settings of sampling: accuracy and kernel distance by
// every judge.

import type { SuiteResults } from "../../suite/results.ts";
import { note } from "../document.ts";
import { escapeHtml, table } from "../html.ts";
import { cellOf, share, wide } from "./cells.ts";

/** The section's content; empty where neither was asked for. */
export function sweepsSection({ figures, judges }: SuiteResults): string {
  const chosen = figures.filter(
    ({ measure, subject, compartment, channel }) =>
      measure === "accuracy_of_average" ||
      (/^(steps|guidance) /.test(subject) &&
        ["accuracy", "frechet", "kid"].includes(measure) &&
        channel === null &&
        compartment === null),
  );
  if (chosen.length === 0) return "";
  const names = [...new Set(chosen.map(({ subject }) => subject))];
  const rows = names.map((subject) => [
    escapeHtml(subject),
    ...judges.flatMap(({ name: by }) => {
      const of = (measure: string) =>
        chosen.find((one) => one.subject === subject && one.by === by && one.measure === measure);
      return [cellOf(of("accuracy") ?? of("accuracy_of_average"), share), cellOf(of("kid"))];
    }),
  ]);
  const heads = ["", ...judges.flatMap(({ name }) => [`accuracy, ${name}`, `KID, ${name}`].map(escapeHtml))];
  return [
    note(
      "The answer over the mean of the probabilities of m images of a protein, and the same proteins generated with other settings.",
    ),
    wide("Averages, steps and guidance", table(heads, rows)),
  ].join("\n");
}
