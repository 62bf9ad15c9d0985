// The report's section on the judge that knows real cells alone: how good it is itself, what it says of drawings, and how
// far nucleus and cytoplasm differ in both.

import type { JudgeMetrics } from "../judges/judge-drawings.ts";
import { escapeHtml, percent, share, table } from "./html.ts";

/** The section's content; `setTitles` by the name of a set. */
export function judgeSection(
  judge: JudgeMetrics | null,
  setTitles: Readonly<Record<string, string>>,
): string {
  if (judge === null) return paragraph("There are too few real cells to fit a judge to.");
  const { onRealCells, drawn, realism, classes } = judge;
  const plain = (value: number | null) => (value === null ? "–" : value.toPrecision(3));
  const recalls = new Map(onRealCells.recalls.map((one) => [one.name, one]));
  return [
    paragraph(
      "Features made by hand and logistic regression, fitted to real cells: no simulated cell, no drawing, no network. " +
        `On ${onRealCells.crops} real cells, each judged by a fit to other fields (${onRealCells.fields} in all), it is right ` +
        `for ${percent(onRealCells.accuracy)} %, over classes alike for ${percent(onRealCells.macroRecall)} %.`,
    ),
    table(
      ["", "drawn right", "the model's classifier agrees"],
      Object.entries(drawn).map(([name, { accuracy, agreement }]) => [
        setTitles[name]!,
        share(accuracy),
        share(agreement),
      ]),
    ),
    paragraph(
      `Told from real cells of the same classes (area under the curve, 0.5 is chance, ${realism.images} of each): ` +
        `${plain(realism.placement)} by placement alone, ${plain(realism.all)} by placement and texture.`,
    ),
    table(
      [
        "class",
        "recall, real cells",
        "nucleus over cytoplasm, log2: real",
        "drawn",
        "DNA under it: real",
        "drawn",
      ],
      classes.map(({ name, contrast, dnaUnderProtein }) => {
        const recall = recalls.get(name);
        return [
          name,
          recall === undefined
            ? "–"
            : `${percent(recall.recall)} %, n ${recall.crops} of ${recall.fields} fields`,
          ...[contrast.real, contrast.drawn, dnaUnderProtein.real, dnaUnderProtein.drawn].map(plain),
        ];
      }),
    ),
  ].join("\n");
}

function paragraph(text: string): string {
  return `<p class="note">${escapeHtml(text)}</p>`;
}
