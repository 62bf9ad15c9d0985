// The section on distances of sets of images, space by space, with the distance of real images to other real ones beside them, and
// compartment by compartment.

import type { Figure } from "../../suite/figure.ts";
import { imageChannels } from "../../suite/look.ts";
import type { SuiteResults } from "../../suite/results.ts";
import { note } from "../document.ts";
import { escapeHtml, table } from "../html.ts";
import { cellOf, details, subjectsOf, wide } from "./cells.ts";

const distanceTitles = {
  frechet: "Fréchet",
  kid: "KID",
  mmd: "MMD²",
  precision: "precision",
  recall: "recall",
  density: "density",
  coverage: "coverage",
} as const;

/** The section's content. */
export function distancesSection({ figures, spaces }: SuiteResults): string {
  const measures = Object.keys(distanceTitles);
  const distances = figures.filter(({ measure }) => measures.includes(measure));
  const heads = (first: string) => [first, "images", ...Object.values(distanceTitles)];
  const row = (rows: readonly Figure[], name: string) => [
    escapeHtml(name),
    String(rows[0]!.images),
    ...measures.map((measure) => cellOf(rows.find((one) => one.measure === measure))),
  ];
  const parts = spaces.map(({ name: by, title, dimensions }) => {
    const own = distances.filter((one) => one.by === by);
    if (own.length === 0) return "";
    const whole = own.filter(({ compartment, channel }) => compartment === null && channel === null);
    const channels = imageChannels.flatMap((channel) => {
      const rows = own.filter((one) => one.channel === channel);
      return subjectsOf(rows).map(({ subject, set, name }) =>
        row(
          rows.filter((one) => one.subject === subject && one.set === set),
          `${channel}: ${name}`,
        ).slice(0, 4),
      );
    });
    const subjects = subjectsOf(whole).map(({ subject, set, name }) =>
      row(
        whole.filter((one) => one.subject === subject && one.set === set),
        name,
      ),
    );
    const single = own.filter(({ compartment }) => compartment !== null);
    const classes = [...new Set(single.map(({ compartment, set }) => `${compartment}|${set}`))].map((key) => {
      const [compartment, set] = key.split("|");
      const rows = single.filter((one) => one.compartment === compartment && one.set === set);
      return row(rows, `${compartment}, ${set}`).slice(0, 4);
    });
    return [
      `<h3>${escapeHtml(by)}</h3>`,
      note(`${title}; ${dimensions} dimensions.`),
      wide(`Distances in the space of ${by}`, table(heads(""), subjects)),
      channels.length === 0
        ? ""
        : details(`By channel, ${by}`, table(["", "images", "Fréchet", "KID"], channels)),
      classes.length === 0
        ? ""
        : details(`By compartment, ${by}`, table(["", "images", "Fréchet", "KID"], classes)),
    ].join("\n");
  });
  return parts.join("\n");
}
