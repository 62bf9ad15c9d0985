// comparison.html: two reports side by side, differences first, then the curves by which images name their proteins, so that
// two language models are seen at once.

import type { SuiteResults } from "../suite/results.ts";
import { lineChart } from "./charts.ts";
import { htmlDocument, note, section } from "./document.ts";
import { escapeHtml, percent, table } from "./html.ts";

/** One difference, B less A. */
export interface ReportDifference {
  readonly measure: string;
  readonly subject: string;
  readonly set: string;
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  /** Ends of the 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  /** Proteins that both reports have. */
  readonly proteins: number;
}

/** Two reports and what differs. */
export interface ComparedReports {
  readonly a: { readonly path: string; readonly model: string };
  readonly b: { readonly path: string; readonly model: string };
  readonly differences: readonly ReportDifference[];
}

type Curves = SuiteResults["top_k"];

/** The whole document. */
export function renderComparison(
  { a, b, differences }: ComparedReports,
  curvesOfA: Curves,
  curvesOfB: Curves,
): string {
  const short = (value: number) => value.toPrecision(3);
  const rows = differences.map(({ measure, subject, set, proteins, low, high, ...values }) => [
    escapeHtml(`${measure.replaceAll("_", " ")}: ${subject}${set === "all" ? "" : `, ${set}`}`),
    ...[values.a, values.b, values.difference].map(short),
    `${short(low)} to ${short(high)}`,
    low > 0 || high < 0 ? "yes" : "no",
    String(proteins),
  ]);
  const title = `A: ${a.model} (${a.path}), B: ${b.model} (${b.path})`;
  return htmlDocument(
    "Comparison of two evaluations",
    [
      `<p>${escapeHtml(title)}.</p>`,
      section(
        "Differences, B less A",
        note("Proteins that both reports have, paired; intervals of 95 % by bootstrap over proteins.") +
          table(["measure", "A", "B", "difference", "interval", "clear of 0", "proteins"], rows),
      ),
      ...curveSections(curvesOfA, curvesOfB),
    ].join("\n"),
  );
}

function curveSections(curvesOfA: Curves, curvesOfB: Curves): string[] {
  const keyOf = ({ by, method, subject, set }: Curves[number]) => [by, method, subject, set].join("|");
  const ofB = new Map(curvesOfB.map((curve) => [keyOf(curve), curve]));
  const both = curvesOfA.flatMap((curve) => {
    const other = ofB.get(keyOf(curve));
    return other === undefined ? [] : [[curve, other] as const];
  });
  return both.map(([curve, other]) => {
    const { by, method, subject, set, gallery } = curve;
    const name = `${subject}${set === "all" ? "" : `, ${set}`} by ${by}: ${method}`;
    const points = (shares: readonly number[]) => shares.map((share, i) => [i + 1, share] as const);
    const series = [
      { name: "A", points: points(curve.shares) },
      { name: "B", points: points(other.shares) },
      { name: "chance", points: points(curve.chance) },
    ];
    const ranks = [1, 5, 10, 20, 60, 130].filter(
      (k) => k <= Math.min(curve.shares.length, other.shares.length),
    );
    return section(
      `Does an image name its protein? ${name}`,
      lineChart({ title: name, x: "k", y: "share of images whose protein is among the k best", series }) +
        table(
          ["", "images", "proteins to choose among", ...ranks.map((k) => `k = ${k}`)],
          [
            [
              "A",
              String(curve.images),
              String(gallery),
              ...ranks.map((k) => `${percent(curve.shares[k - 1]!)} %`),
            ],
            [
              "B",
              String(other.images),
              String(other.gallery),
              ...ranks.map((k) => `${percent(other.shares[k - 1]!)} %`),
            ],
          ],
        ),
    );
  });
}
