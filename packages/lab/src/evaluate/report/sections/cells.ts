// Cells, names and wrappers that the sections of the suite share: a figure as a cell with its interval and n, a subject as people
// read it, a table that scrolls.

import type { Figure } from "../../suite/figure.ts";
import { escapeHtml, percent } from "../html.ts";

/** `0.25 (0.18 to 0.31), n 150`; a dash where it was not measured. */
export function cellOf(found: Figure | undefined, format: (value: number) => string = short): string {
  if (found === undefined || found.value === null) return "–";
  const interval = found.low === null ? "" : ` (${format(found.low)} to ${format(found.high!)})`;
  const unit = found.unit === "proteins" ? "" : ` ${found.unit}`;
  return `${format(found.value)}${interval}, n ${found.n}${unit}`;
}

/** Three digits. */
export function short(value: number): string {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

/** A fraction in percent. */
export const share = (value: number) => `${percent(value)} %`;

/** A subject with its set, as people read it. */
export function nameOf({ subject, set }: Pick<Figure, "subject" | "set">): string {
  return set === "all" ? subject : `${subject}, ${set}`;
}

/** What was measured, in the order of the figures: "generated, unseen". */
export function subjectsOf(
  figures: readonly Figure[],
): { subject: string; set: Figure["set"]; name: string }[] {
  const found = new Map(figures.map(({ subject, set }) => [`${subject} ${set}`, { subject, set }]));
  return [...found.values()].map(({ subject, set }) => ({
    ...{ subject, set },
    name: nameOf({ subject, set }),
  }));
}

/** A wide table that can be scrolled, by keyboard as well. */
export function wide(label: string, content: string): string {
  return `<div class="wide" tabindex="0" role="group" aria-label="${escapeHtml(label)}">${content}</div>`;
}

/** Content that is folded until it is asked for; it is printed. */
export function details(summary: string, content: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>\n${content}\n</details>`;
}
