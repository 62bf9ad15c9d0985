// The page of an inspection: one file that opens anywhere, with the counts as tables, the histograms as SVG and the contact
// sheet inside. Names of a data set are text, whatever they hold.

import { type Figure, figureSvg } from "@proteoscope/imaging";
import type { SetCounts } from "./set-counts.ts";

const mostRows = 40;

/** The page as HTML. */
export function pageOf(counts: SetCounts, histograms: Figure, sheet: Uint8Array): string {
  const facts: [string, string][] = [
    [
      "crops",
      `${counts.crops} of ${counts.side} x ${counts.side} pixels, ${counts.pixelSizeMicrons} um per pixel`,
    ],
    ["left out", `${counts.excluded} crops, by their row or by the split`],
    ["channels", counts.channels.join(", ")],
    ["fields of view", String(counts.fields)],
    ["proteins", `${counts.proteinsWithImages} with images, ${counts.proteinsWithSequence} with a sequence`],
    ["split", counts.split ?? "none"],
    ["licence", counts.licence],
  ];
  const image = Buffer.from(sheet).toString("base64");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(counts.name)}</title>
<style>
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; margin: 0 2rem 1rem 0; display: inline-table; vertical-align: top; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; } td:last-child { font-variant-numeric: tabular-nums; }
img, svg { max-width: 100%; height: auto; }
</style></head>
<body>
<h1>${escapeHtml(counts.name)}</h1>
${table("What it holds", facts)}
<h2>Crops</h2>
${table("Split", rowsOf(counts.cropsBySplit))}${table("Compartment", rowsOf(counts.cropsByCompartment))}
${table("Cell line", rowsOf(counts.cropsByCellLine))}${table("Source", rowsOf(counts.cropsBySource))}
<h2>Histograms</h2>
${figureSvg(histograms)}
<h2>Contact sheet</h2>
<p>Protein green, nucleus blue; one row per compartment.</p>
<img alt="Crops of each compartment" src="data:image/png;base64,${image}">
</body>
</html>
`;
}

function rowsOf(counts: Readonly<Record<string, number>>): [string, string][] {
  const rows = Object.entries(counts).map(([word, count]): [string, string] => [word, String(count)]);
  if (rows.length <= mostRows) return rows;
  return [...rows.slice(0, mostRows), [`and ${rows.length - mostRows} more`, ""]];
}

function table(caption: string, rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table><caption>${escapeHtml(caption)}</caption><tbody>${lines.join("")}</tbody></table>`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
