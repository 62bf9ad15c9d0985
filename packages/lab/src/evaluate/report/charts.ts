// Charts as inline SVG: curves with a legend, and points in a plane. Margins follow the labels, so that none is cut; lines differ
// in their dashes and points in their shapes, so that colour is not needed.

import { escapeHtml, labelWidth } from "./html.ts";

/** A curve of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Whether the y axis is logarithmic; values of 0 are left out. */
  readonly isLog?: boolean;
}

const palette = ["#1f5fbf", "#b3391f", "#2f7d32", "#7a3fa0", "#8a6d00", "#00707a", "#a0326e", "#4a4a4a"];
const dashes = ["", "6 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4", "6 2 1 2 1 2"];
/** Curves over a common axis, the legend at their side. */
export function lineChart({ title, x: xName, y: yName, series, isLog = false }: LineChartOptions): string {
  const shown = series.map(({ name, points }) => ({
    name,
    points: points.filter(([, y]) => Number.isFinite(y) && (!isLog || y > 0)),
  }));
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const scaleY = (y: number) => (isLog ? Math.log10(y) : y);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => scaleY(y))];
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [
    isLog ? Math.floor(Math.min(...ys)) : Math.min(0, ...ys),
    isLog ? Math.ceil(Math.max(...ys)) : Math.max(...ys),
  ];
  const ticksY = isLog
    ? Array.from({ length: Math.round(y1 - y0) + 1 }, (_, i) => ({
        at: y0 + i,
        text: (10 ** (y0 + i)).toExponential(0),
      }))
    : evenTicks(y0, y1);
  const [left, top, width, height] = [
    24 + Math.max(...ticksY.map(({ text }) => labelWidth(text))),
    26,
    440,
    240,
  ];
  const px = (x: number) => (left + ((x - x0) / (x1 - x0 || 1)) * width).toFixed(1);
  const py = (y: number) => (top + height - ((y - y0) / (y1 - y0 || 1)) * height).toFixed(1);
  const axis = [
    ...ticksY.map(
      ({ at, text }) =>
        `<line class="grid" x1="${left}" x2="${left + width}" y1="${py(at)}" y2="${py(at)}"/>` +
        `<text x="${left - 6}" y="${Number(py(at)) + 4}" text-anchor="end">${text}</text>`,
    ),
    ...evenTicks(x0, x1).map(
      ({ at, text }) => `<text x="${px(at)}" y="${top + height + 16}" text-anchor="middle">${text}</text>`,
    ),
    `<text x="${left + width / 2}" y="${top + height + 34}" text-anchor="middle">${escapeHtml(xName)}</text>`,
    `<text x="4" y="14">${escapeHtml(yName)}</text>`,
  ];
  const lines = shown.map(({ points }, index) => {
    const path = points.map(([x, y]) => `${px(x)},${py(scaleY(y))}`).join(" ");
    return `<polyline points="${path}" fill="none" ${strokeOf(index)}/>`;
  });
  const legendX = left + width + 24;
  const legend = shown.map(({ name }, index) => {
    const y = top + 8 + index * 20;
    return (
      `<line x1="${legendX}" x2="${legendX + 28}" y1="${y}" y2="${y}" ${strokeOf(index)}/>` +
      `<text x="${legendX + 34}" y="${y + 4}">${escapeHtml(name)}</text>`
    );
  });
  const fullWidth = legendX + 40 + Math.max(...shown.map(({ name }) => labelWidth(name)));
  const fullHeight = Math.max(top + height + 44, top + 20 * shown.length + 10);
  return svg(title, fullWidth, fullHeight, [...axis, ...lines, ...legend].join(""));
}

function strokeOf(index: number): string {
  const dash = dashes[index % dashes.length]!;
  const stroke = `stroke="${palette[index % palette.length]}" stroke-width="2"`;
  return dash === "" ? stroke : `${stroke} stroke-dasharray="${dash}"`;
}

function evenTicks(low: number, high: number): { at: number; text: string }[] {
  const rough = (high - low || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks: { at: number; text: string }[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step)
    ticks.push({ at, text: at.toFixed(digits) });
  return ticks;
}

/** A point of a scatter chart. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  readonly group: string;
  /** Whether it is a ring and not filled. */
  readonly isRing: boolean;
  readonly text: string;
}

/** Points in a plane without axes; each has its text, and `data-point` with its position in the list. */
export function scatterChart(title: string, points: readonly ScatterPoint[], id: string): string {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [side, margin] = [560, 12];
  const px = (x: number) => (margin + ((x - x0) / (x1 - x0 || 1)) * side).toFixed(1);
  const py = (y: number) => (margin + side - ((y - y0) / (y1 - y0 || 1)) * side).toFixed(1);
  const groups = [...new Set(points.map(({ group }) => group))].sort();
  const colour = (group: string) =>
    `hsl(${Math.round((360 * groups.indexOf(group)) / groups.length)} 70% 38%)`;
  const marks = points.map(({ x, y, group, isRing, text }, index) => {
    const paint = isRing ? `fill="none" pointer-events="all" stroke-width="1.6"` : `fill="${colour(group)}"`;
    return `<circle data-point="${index}" cx="${px(x)}" cy="${py(y)}" r="4" ${paint} stroke="${colour(group)}"><title>${escapeHtml(text)}</title></circle>`;
  });
  const legendX = side + 2 * margin + 10;
  const legend = groups.map(
    (group, index) =>
      `<circle cx="${legendX}" cy="${20 + index * 20}" r="5" fill="${colour(group)}"/>` +
      `<text x="${legendX + 12}" y="${24 + index * 20}">${escapeHtml(group)}</text>`,
  );
  const width = legendX + 24 + Math.max(...groups.map(labelWidth));
  const height = Math.max(side + 2 * margin, 20 * groups.length + 20);
  return svg(title, width, height, [...marks, ...legend].join(""), ` id="${id}"`);
}

/** An SVG with a name for those who do not see it. */
export function svg(title: string, width: number, height: number, content: string, attributes = ""): string {
  const name = escapeHtml(title);
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg${attributes} ${size} role="img" aria-label="${name}"><title>${name}</title>${content}</svg>`;
}
