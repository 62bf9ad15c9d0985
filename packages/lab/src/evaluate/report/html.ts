// Pieces of a plain HTML document as text: escaped words, tables, pictures and a bar chart with intervals, all inline,
// so that a report is one file that opens anywhere. Nothing refers outside it.
import type { Confusion } from "../measures/accuracy.ts";
import type { Estimate } from "../measures/bootstrap.ts";
import type { Picture } from "./pictures.ts";

const pixelsPerLetter = 8; // at 12 pixels: wider than any font's mean

/** Width of a label in pixels, at most. */
export function labelWidth(text: string): number {
  return Math.ceil(text.length * pixelsPerLetter);
}

/** A text as HTML. */
export function escapeHtml(text: string): string {
  const codes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => codes[character]!);
}

/** A table; cells are HTML, the first of each row is its head. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((cell) => (cell === "" ? "<td></td>" : `<th scope="col">${cell}</th>`)).join("");
  const body = rows.map(([first, ...cells]) => {
    const values = cells.map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${first}</th>${values}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`;
}

/** `25 % (18 to 31), n 150`, or a dash; `units` says what n counts where it is not proteins. */
export function share(estimate: Estimate | null, units?: string): string {
  if (estimate === null) return "–";
  const { value, interval95, n } = estimate;
  const [low, high] = interval95.map(percent);
  const count = units === undefined ? n : `${n} ${units}`;
  return `${percent(value)} % (${low} to ${high}), n ${count}`;
}

/** `0.12 (0.10 to 0.15), n 150`, or a dash. */
export function number(estimate: Estimate | null): string {
  if (estimate === null) return "–";
  const [value, low, high] = [estimate.value, ...estimate.interval95].map((x) => x.toPrecision(3));
  return `${value} (${low} to ${high}), n ${estimate.n}`;
}

/** A fraction in percent, without decimals. */
export function percent(value: number): string {
  return (100 * value).toFixed(0);
}

/** Fractions as horizontal bars with their intervals as whiskers, 0 to 100 %. */
export function barChart(
  title: string,
  bars: readonly { readonly name: string; readonly estimate: Estimate | null }[],
): string {
  const [width, rowHeight] = [360, 24];
  const left = 16 + Math.max(0, ...bars.map(({ name }) => labelWidth(name)));
  const x = (value: number) => (left + width * Math.min(1, Math.max(0, value))).toFixed(1);
  const height = bars.length * rowHeight + 22;
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (at) =>
      `<line class="grid" x1="${x(at)}" y1="0" x2="${x(at)}" y2="${height - 18}"/>` +
      `<text x="${x(at)}" y="${height - 4}" text-anchor="middle">${percent(at)} %</text>`,
  );
  const rows = bars.map(({ name, estimate }, index) => {
    const middle = index * rowHeight + rowHeight / 2;
    const label = `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escapeHtml(name)}</text>`;
    if (estimate === null) return label;
    const { value, interval95 } = estimate;
    const barWidth = (width * Math.min(1, Math.max(0, value))).toFixed(1);
    return (
      `${label}<rect x="${left}" y="${middle - 8}" width="${barWidth}" height="16">` +
      `<title>${escapeHtml(`${name}: ${share(estimate)}`)}</title></rect>` +
      `<line class="whisker" x1="${x(interval95[0])}" y1="${middle}" x2="${x(interval95[1])}" y2="${middle}"/>`
    );
  });
  const size = `viewBox="0 0 ${left + width + 30} ${height}" width="${left + width + 30}" height="${height}"`;
  const name = escapeHtml(title);
  return `<svg ${size} role="img" aria-label="${name}"><title>${name}</title>${grid.join("")}${rows.join("")}</svg>`;
}

/** Counts, shaded by their fraction of the row; columns that were never predicted are left out. */
export function confusionTable({ classes, answers, counts }: Confusion): string {
  const shown = answers.map((_, column) => column).filter((column) => counts.some((row) => row[column]! > 0));
  const rows = classes.map((name, row) => {
    const total = counts[row]!.reduce((sum, count) => sum + count, 0);
    const cells = shown.map((column) => {
      const count = counts[row]![column]!;
      return count === 0 ? "" : `<span style="--share:${(count / total).toFixed(2)}">${count}</span>`;
    });
    return [escapeHtml(name), String(total), ...cells];
  });
  const heads = shown.map((column) => escapeHtml(answers[column]!));
  return `<div class="confusion" tabindex="0" role="group" aria-label="Counts of answers by class">${table(["label \\ predicted", "n", ...heads], rows)}</div>`;
}

/** Fractions of each row as squares, dark for 1; columns that were never predicted are left out. */
export function confusionPicture(title: string, { classes, answers, counts }: Confusion): string {
  const shown = answers.map((_, column) => column).filter((column) => counts.some((row) => row[column]! > 0));
  const size = 24;
  const left = 12 + Math.max(0, ...classes.map(labelWidth));
  // Heads lean by 60 degrees.
  const longest = Math.max(0, ...shown.map((column) => labelWidth(answers[column]!)));
  const top = Math.ceil(longest * Math.sin(Math.PI / 3)) + 26;
  const width = left + shown.length * size + Math.ceil(longest / 2) + 20;
  const height = top + classes.length * size + 4;
  const rows = classes.map((name, row) => {
    const total = counts[row]!.reduce((sum, count) => sum + count, 0);
    const y = top + row * size;
    const label = `<text x="${left - 6}" y="${y + 16}" text-anchor="end">${escapeHtml(name)}</text>`;
    const squares = shown.map((column, index) => {
      const part = total === 0 ? 0 : counts[row]![column]! / total;
      const text = `${name} as ${answers[column]!}: ${percent(part)} %`;
      const position = `x="${left + index * size}" y="${y}" width="${size - 1}" height="${size - 1}"`;
      return `<rect ${position} fill-opacity="${(0.06 + 0.94 * part).toFixed(2)}"><title>${escapeHtml(text)}</title></rect>`;
    });
    return label + squares.join("");
  });
  const heads = shown.map((column, index) => {
    const x = left + index * size + size / 2 + 4;
    return `<text transform="translate(${x} ${top - 6}) rotate(-60)">${escapeHtml(answers[column]!)}</text>`;
  });
  const box = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const name = escapeHtml(`${title}: predictions (columns) for each label (rows)`);
  return `<svg ${box} role="img" aria-label="${name}"><title>${name}</title>${heads.join("")}${rows.join("")}</svg>`;
}

export function figure({ caption, png }: Picture): string {
  const text = escapeHtml(caption);
  const data = Buffer.from(png).toString("base64");
  return `<figure><img src="data:image/png;base64,${data}" alt="${text}"><figcaption>${text}</figcaption></figure>`;
}
