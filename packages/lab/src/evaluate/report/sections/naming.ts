// The section on whether an image names its protein: the k best beside the line of chance, and distances to the real image of the
// same nucleus.

import type { SuiteResults } from "../../suite/results.ts";
import { lineChart } from "../charts.ts";
import { note } from "../document.ts";
import { escapeHtml, table } from "../html.ts";
import { nameOf, share, short } from "./cells.ts";

const shownRanks = [1, 5, 10, 20, 60, 130];

/** The section's content; empty where nothing was paired. */
export function namingSection({ top_k, paired_distance }: SuiteResults): string {
  if (top_k.length === 0 && paired_distance.length === 0) return "";
  const groups = [...new Set(top_k.map(({ by, method }) => `${by}|${method}`))].map((key) => {
    const [by, method] = key.split("|");
    const curves = top_k.filter((one) => one.by === by && one.method === method);
    const pointsOf = (values: readonly number[]) => values.map((value, i) => [i + 1, value] as const);
    const isWhole = ({ set }: (typeof curves)[number]) => set === "all";
    const sets = [...new Set(curves.filter((one) => !isWhole(one)).map(({ set }) => set))]
      .toSorted()
      .toReversed();
    // A chart for each set of proteins, unseen ones first, with what is of all in each.
    const charts = (sets.length === 0 ? (["all"] as const) : sets).map((set) => ({
      title: set === "all" ? by! : `${by}, ${set} proteins`,
      series: [
        ...curves
          .filter((one) => isWhole(one) || one.set === set)
          .map(({ subject, shares }) => ({ name: subject, points: pointsOf(shares) })),
        { name: "chance", points: pointsOf(curves[0]!.chance) },
      ],
    }));
    const ranks = shownRanks.filter((k) => k <= curves[0]!.shares.length);
    const title = `${by}: ${method}, ${curves[0]!.gallery} proteins to choose among`;
    return [
      `<h3>${escapeHtml(title)}</h3>`,
      ...charts.map((chart) => {
        const y = `share of images whose protein is among the k best: ${chart.title}`;
        return lineChart({ title: `${title}: ${chart.title}`, x: "k", y, series: chart.series });
      }),
      table(
        ["", "images (proteins)", ...ranks.map((k) => `k = ${k}`)],
        [
          ...curves.map((curve) => [
            escapeHtml(nameOf(curve)),
            `${curve.images} (${curve.proteins})`,
            ...ranks.map((k) => share(curve.shares[k - 1]!)),
          ]),
          ["chance", "", ...ranks.map((k) => share(curves[0]!.chance[k - 1]!))],
        ],
      ),
    ].join("\n");
  });
  const distances = paired_distance.map(({ by, subject, set, proteins, pairs, paired, shuffled, p }) => [
    escapeHtml(by),
    escapeHtml(set === "all" ? subject : `${subject}, ${set}`),
    `${pairs} (${proteins})`,
    ...[paired, shuffled].map(short),
    p.toFixed(4),
  ]);
  return [
    ...groups,
    "<h3>Distance to the real image of the same nucleus</h3>",
    note(
      "Mean squared difference of embeddings; shuffled: to the real images of another protein; p by permutation of proteins. What another protein's image reaches around the same nucleus is the floor.",
    ),
    table(["space", "", "pairs (proteins)", "paired", "shuffled", "p"], distances),
  ].join("\n");
}
