// The section on compartments by every judge: what each judge is, how good it is itself, what it says of every set of images, and how far
// judges agree.

import type { Figure } from "../../suite/figure.ts";
import { confidentSubject } from "../../suite/generated-images.ts";
import { jointName } from "../../suite/judge-figures.ts";
import { isIndependent } from "../../suite/judges.ts";
import type { SuiteResults } from "../../suite/results.ts";
import { note } from "../document.ts";
import { barChart, confusionPicture, confusionTable, escapeHtml, table } from "../html.ts";
import { cellOf, details, share, subjectsOf, wide } from "./cells.ts";

/** The section's content; empty where there is no judge. */
export function judgesSection(suite: SuiteResults): string {
  const { judges, figures } = suite;
  if (judges.length === 0) return "";
  const accuracies = figures.filter(
    ({ measure, compartment }) => measure === "accuracy" && compartment === null,
  );
  return [
    note(
      "Each judge names one compartment per image. Its own accuracy is on real crops that no network learned from, of the classes " +
        `that are generated: ${judges[0]!.classes.join(", ")}.`,
    ),
    table(
      ["judge", "how it answers", "learned from", "real crops (fields)", "what it is"],
      judges.map(({ name, method, trained_on, real_crops, real_fields, title }) => [
        ...[name, method, trained_on].map(escapeHtml),
        `${real_crops} (${real_fields})`,
        escapeHtml(title),
      ]),
    ),
    barChart("Accuracy by every judge", barsOf(suite, accuracies)),
    "<h3>Accuracy</h3>",
    wide("Accuracy by every judge", scoreTable(suite, accuracies, "accuracy")),
    details("Among the three most likely", scoreTable(suite, accuracies, "accuracy_top_3")),
    "<h3>Macro recall</h3>",
    wide("Macro recall by every judge", scoreTable(suite, accuracies, "macro_recall")),
    recognitionTable(suite),
    "<h3>Agreement of judges</h3>",
    agreementTable(suite),
    ...judges.map(({ name, confusion }) =>
      details(
        `Confusion by ${name}`,
        (["generated", "real"] as const)
          .map(
            (on) =>
              `<h3>${on} images</h3>${confusionPicture(`${name}, ${on}`, confusion[on])}${confusionTable(confusion[on])}`,
          )
          .join("\n"),
      ),
    ),
  ].join("\n");
}

/** One row per set of images, one column per judge; sweeps have a section of their own. */
function scoreTable(
  { judges, figures }: SuiteResults,
  accuracies: readonly Figure[],
  measure: string,
): string {
  const isSetting = ({ subject }: Figure) => /^(steps|guidance) /.test(subject);
  const rows = subjectsOf(accuracies.filter((one) => !isSetting(one))).map(({ subject, set, name }) => [
    escapeHtml(subject === "real" ? "real crops: the judge itself" : name),
    ...judges.map(({ name: by }) =>
      cellOf(
        figures.find(
          (one) =>
            one.measure === measure &&
            one.by === by &&
            one.subject === subject &&
            one.set === set &&
            one.compartment === null,
        ),
        share,
      ),
    ),
  ]);
  return table(["", ...judges.map(({ name }) => escapeHtml(name))], rows);
}

/** Whether a compartment is drawn recognisably, apart from whether the right one is predicted; empty where it was not measured. */
function recognitionTable({ judges, figures }: SuiteResults): string {
  const found = figures.filter(
    ({ measure, subject, compartment }) =>
      measure === "recall" && subject === confidentSubject && compartment !== null,
  );
  if (found.length === 0) return "";
  const independent = judges.filter(({ trained_on }) => isIndependent({ trainedOn: trained_on }));
  const columns = [
    ...judges.map(({ name }) => name),
    ...(independent.length < 2 ? [] : [jointName(independent)]),
  ];
  const compartments = [...new Set(found.map(({ compartment }) => compartment!))];
  const rows = compartments.map((compartment) => [
    escapeHtml(compartment),
    ...columns.map((by) =>
      cellOf(
        found.find((one) => one.compartment === compartment && one.by === by),
        share,
      ),
    ),
  ]);
  return [
    "<h3>Recognised as drawn</h3>",
    note(
      "For each compartment the proteins for which it is predicted with the largest probabilities, right or wrong, and how often a judge " +
        "names it. Together means that every judge that learned from no simulated cell names it.",
    ),
    wide("Recognised as drawn", table(["drawn", ...columns.map(escapeHtml)], rows)),
  ].join("\n");
}

function barsOf({ judges }: SuiteResults, accuracies: readonly Figure[]) {
  const estimateOf = (found: Figure | undefined) =>
    found?.value == null || found.low === null
      ? null
      : { value: found.value, interval95: [found.low, found.high!] as const, n: found.n };
  return judges.flatMap(({ name }) => {
    const own = accuracies.filter(({ by }) => by === name);
    return [
      { name: `${name}: real crops`, estimate: estimateOf(own.find(({ subject }) => subject === "real")) },
      {
        name: `${name}: generated`,
        estimate: estimateOf(own.find(({ subject, set }) => subject === "generated" && set !== "seen")),
      },
    ];
  });
}

function agreementTable({ agreement }: SuiteResults): string {
  const rows = agreement.map(({ a, b, on, images, share: equal, kappa }) => [
    escapeHtml(`${a} and ${b}`),
    `${images} ${on}`,
    share(equal),
    kappa === null ? "–" : kappa.toFixed(2),
  ]);
  return [
    note(
      "Share of equal answers; kappa takes out what two judges would share by chance: 0 is chance, 1 the same.",
    ),
    table(["judges", "images", "equal answers", "kappa"], rows),
  ].join("\n");
}
