// The curves of runs as one HTML page that refers to nothing outside itself: a panel per score with training and validation
// together, one line per run, and the latest samples. Several runs are compared in the same panels.

import { escapeHtml } from "../../evaluate/report/html.ts";
import type { Curve, RunRecord } from "./read-run.ts";

/** A run with its latest picture, as a PNG. */
export interface ShownRun extends RunRecord {
  readonly sample: Uint8Array | undefined;
}

const size = { width: 340, height: 170, left: 52, right: 10, top: 10, bottom: 22 } as const;
const colours = ["#0b6e4f", "#b5442d", "#2f5d9b", "#8a5a00", "#6b3fa0", "#33727a"];

/** The page; `refreshSeconds` above 0 makes a browser load it again while a run is under way. */
export function curvesPage(runs: readonly ShownRun[], { refreshSeconds = 0 } = {}): string {
  const names = [...new Set(runs.flatMap(({ curves }) => curves.map(({ name }) => panelOf(name))))];
  const panels = names.map((panel) => drawPanel(panel, runs));
  const refresh = refreshSeconds > 0 ? `<meta http-equiv="refresh" content="${refreshSeconds}">` : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">${refresh}<title>${runs.map(({ trainer }) => escapeHtml(trainer)).join(", ")}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1d1d1f; background: #fff; }
.panels { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; } figcaption { font-size: 13px; }
svg text { font: 11px system-ui, sans-serif; fill: #444; } .axis { stroke: #bbb; }
polyline { fill: none; stroke-width: 1.5; } .validation { stroke-dasharray: 5 3; }
pre { background: #f5f5f3; padding: 1rem; overflow: auto; font-size: 12px; } img { max-width: 100%; }
</style></head><body>
<h1>Training</h1>
<ul>${runs.map(describeRun).join("\n")}</ul>
<p>Solid lines: training. Dashed lines: validation.</p>
<div class="panels">${panels.join("\n")}</div>
${runs.map(showSample).join("\n")}
${runs.map(({ path, config }) => `<details><summary>${escapeHtml(path)}/config.yaml</summary><pre>${escapeHtml(config)}</pre></details>`).join("\n")}
</body></html>
`;
}

function describeRun({ path, trainer, step, totalSteps }: ShownRun, index: number): string {
  const mark = `<span style="color:${colourOf(index)}" aria-hidden="true">&#9632;</span>`;
  return `<li>${mark} ${escapeHtml(path)}: ${escapeHtml(trainer)}, step ${step} of ${totalSteps}</li>`;
}

function showSample({ path, sample, step }: ShownRun): string {
  if (sample === undefined) return "";
  const data = Buffer.from(sample).toString("base64");
  const caption = escapeHtml(`Latest samples of ${path}, at or before step ${step}`);
  return `<figure><img src="data:image/png;base64,${data}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
}

const colourOf = (index: number): string => colours[index % colours.length]!;
const isValidation = (name: string): boolean => name.startsWith("validation.");

/** The panel of a score: losses of training and validation are in one. */
function panelOf(name: string): string {
  const own = name.replace(/^validation\./, "").replace(/^unseen\.|^seen\./, "");
  return own.startsWith("loss.") ? "loss" : own;
}

function drawPanel(panel: string, runs: readonly ShownRun[]): string {
  const lines = runs.flatMap(({ curves }, run) =>
    curves.filter(({ name }) => panelOf(name) === panel).map((curve) => ({ curve, run })),
  );
  const all = lines.flatMap(({ curve }) => curve.points);
  const [low, high] = [Math.min, Math.max].map((end) => end(...all.map(({ value }) => value))) as [
    number,
    number,
  ];
  const last = Math.max(...all.map(({ step }) => step));
  const { width, height, left, right, top, bottom } = size;
  const x = (step: number) => left + (step / last) * (width - left - right);
  const y = (value: number) =>
    height - bottom - ((value - low) / (high - low || 1)) * (height - top - bottom);
  const drawn = lines.map(({ curve, run }) => drawCurve(curve, colourOf(run), x, y));
  const label = (text: string, at: readonly [number, number], anchor: string) =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${text}</text>`;
  const name = escapeHtml(panel);
  return `<figure><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${name}">
<line class="axis" x1="${left}" y1="${height - bottom}" x2="${width - right}" y2="${height - bottom}"/>
<line class="axis" x1="${left}" y1="${top}" x2="${left}" y2="${height - bottom}"/>
${label(short(high), [left - 4, top + 8], "end")}${label(short(low), [left - 4, height - bottom], "end")}${label(String(last), [width - right, height - 6], "end")}
${drawn.join("\n")}</svg><figcaption>${name}</figcaption></figure>`;
}

function drawCurve(
  { name, points }: Curve,
  colour: string,
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  const place = points.map(({ step, value }) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const style = isValidation(name) ? ' class="validation"' : "";
  const { value } = points.at(-1)!;
  return `<polyline${style} stroke="${colour}" points="${place}"><title>${escapeHtml(name)}: ${short(value)}</title></polyline>`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
