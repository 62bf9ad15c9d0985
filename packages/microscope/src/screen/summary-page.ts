// The summary of a screen as one page of HTML that needs nothing else: no script, no font, no picture from
// elsewhere, so that it can be sent and opened years later.

import { formatProbability } from "../protein/probabilities.ts";
import type { ScreenExample, ScreenSummary } from "./summary.ts";

/** What the page says beside the numbers. */
export interface SummaryPageOptions {
  readonly model: string;
  readonly images: Readonly<Record<string, unknown>> | null;
  /** PNG files by path. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

/** The page. */
export function renderSummary(
  summary: ScreenSummary,
  { model, images, pictures }: SummaryPageOptions,
): string {
  const { done, refused, compartments, examples, refusals } = summary;
  const most = Math.max(1, ...Object.values(compartments));
  const bars = Object.entries(compartments)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(
      ([name, count]) =>
        `<tr><th scope="row">${escapeHtml(name)}</th><td>${count}</td>` +
        `<td><meter min="0" max="${most}" value="${count}">${count}</meter></td></tr>`,
    );
  const galleries = Object.entries(examples)
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `<h3>${escapeHtml(name)}</h3>\n<ul class="cells">${list.map(cell).join("")}</ul>`);
  function cell({ id, probability, picture }: ScreenExample): string {
    const png = pictures.get(picture);
    const image = png && `<img alt="" src="data:image/png;base64,${base64(png)}">`;
    return `<li>${image ?? ""}<span>${escapeHtml(id)}</span> ${escapeHtml(formatProbability(probability))}</li>`;
  }
  const left = refused - refusals.length;
  const refusalRows = refusals.map(
    ({ id, place, reason }) =>
      `<tr><td>${escapeHtml(id)}</td><td>${escapeHtml(place)}</td><td>${escapeHtml(reason)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Screen of ${done + refused} proteins</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; background: #111; color: #ddd }
table { border-collapse: collapse } th, td { padding: .2rem .8rem; text-align: left; vertical-align: top }
meter { width: 20rem } .cells { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0 }
.cells img { display: block } a { color: #8cf }
</style>
<h1>Screen of ${done + refused} proteins</h1>
<p>Model ${escapeHtml(model)}. ${done} done, ${refused} refused. All rows: <a href="results.csv">results.csv</a>,
<a href="results.parquet">results.parquet</a>.</p>
<p>Predictions from sequences are hypotheses${images === null ? "" : ", and the pictures are synthetic"}; neither is an observation.</p>
<h2>Most probable compartment</h2>
<table>${bars.join("\n")}</table>
<h2>Most probable proteins of each compartment</h2>
${galleries.join("\n")}
${refused === 0 ? "" : `<h2>Refused records</h2>\n<table><tr><th>record</th><th>place</th><th>reason</th></tr>${refusalRows.join("\n")}</table>`}
${left > 0 ? `<p>${left} more are in results.csv.</p>` : ""}
</html>
`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
