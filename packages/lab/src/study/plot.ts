// The plot of a study as SVG: the score over the first variation that is a number, both axes logarithmic, with one line per
// combination of the others and whiskers for the intervals. Without such a variation, one whisker per combination.

import { escapeHtml } from "../evaluate/report/html.ts";
import type { StudyRow } from "./summarize.ts";

const frame = { width: 620, height: 400, left: 80, right: 180, top: 24, bottom: 60 } as const;
const colours = ["#0b6e4f", "#b5442d", "#2f5d9b", "#8a5a00", "#6b3fa0", "#33727a"];

/** Draws the rows; a logarithmic axis needs values above 0 and is linear otherwise. */
export function plotStudy(rows: readonly StudyRow[], score: string): string {
  const names = Object.keys(rows[0]?.settings ?? {});
  const axis = names.find((name) => rows.every(({ settings }) => Number(settings[name]) > 0));
  const placeOf = ({ settings }: StudyRow, index: number) =>
    axis === undefined ? index + 1 : Number(settings[axis]);
  const seriesOf = ({ settings }: StudyRow) =>
    names
      .filter((name) => name !== axis)
      .map((name) => `${name} ${settings[name]}`)
      .join(", ");
  const x = scaleOf(rows.map(placeOf), [frame.left, frame.width - frame.right], axis !== undefined);
  const ends = rows.flatMap(({ interval95, value }) => [...interval95, value]);
  const y = scaleOf(ends, [frame.height - frame.bottom, frame.top], true);
  const series = axis === undefined ? [""] : [...new Set(rows.map(seriesOf))];
  const drawn = series.map((name, number) => {
    const colour = colours[number % colours.length]!;
    const own = rows.map((row, index) => ({ row, at: placeOf(row, index) }));
    const points = own
      .filter(({ row }) => axis === undefined || seriesOf(row) === name)
      .sort((a, b) => a.at - b.at);
    return drawSeries(points, name, number, { colour, x, y, isJoined: axis !== undefined });
  });
  const xTicks = rows.map((row, index) => ({
    at: x(placeOf(row, index)),
    text: axis === undefined ? seriesOf(row) : row.settings[axis]!,
  }));
  return svgOf(
    score,
    axis ?? "",
    [...new Map(xTicks.map((tick) => [tick.text, tick])).values()],
    ends,
    y,
    drawn,
  );
}

type Scale = (value: number) => number;

function scaleOf(
  values: readonly number[],
  [from, to]: readonly [number, number],
  isLogarithmic: boolean,
): Scale {
  const isPositive = values.every((value) => value > 0);
  const f = isLogarithmic && isPositive ? Math.log : (value: number) => value;
  const [low, high] = [f(Math.min(...values)), f(Math.max(...values))];
  const margin = 0.06 * (high - low || 1);
  return (value) => from + ((f(value) - low + margin) / (high - low + 2 * margin || 1)) * (to - from);
}

interface SeriesStyle {
  readonly colour: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly isJoined: boolean;
}

function drawSeries(
  points: readonly { readonly row: StudyRow; readonly at: number }[],
  name: string,
  number: number,
  { colour, x, y, isJoined }: SeriesStyle,
): string {
  const place = ({ row, at }: (typeof points)[number]) => `${x(at).toFixed(1)},${y(row.value).toFixed(1)}`;
  const line = `<polyline fill="none" stroke="${colour}" points="${points.map(place).join(" ")}"/>`;
  const marks = points.map(({ row, at }) => {
    const [cx, cy] = [x(at).toFixed(1), y(row.value).toFixed(1)];
    const [low, high] = row.interval95.map((end) => y(end).toFixed(1)) as [string, string];
    const text = `${Object.entries(row.settings)
      .map((pair) => pair.join(" "))
      .join(
        ", ",
      )}: ${short(row.value)} (${row.interval95.map(short).join(" to ")}), ${row.seeds} seeds, ${row.proteins} proteins`;
    return `<g><title>${escapeHtml(text)}</title><line stroke="${colour}" x1="${cx}" x2="${cx}" y1="${low}" y2="${high}"/><circle fill="${colour}" cx="${cx}" cy="${cy}" r="3.5"/></g>`;
  });
  const label = `<text fill="${colour}" x="${frame.width - frame.right + 12}" y="${frame.top + 16 * (number + 1)}">${escapeHtml(name)}</text>`;
  return `${isJoined ? line : ""}${marks.join("")}${label}`;
}

function svgOf(
  score: string,
  axis: string,
  xTicks: readonly { readonly at: number; readonly text: string }[],
  values: readonly number[],
  y: Scale,
  drawn: readonly string[],
): string {
  const { width, height, left, right, top, bottom } = frame;
  const base = height - bottom;
  const ticks = xTicks.map(
    ({ at, text }) =>
      `<text x="${at.toFixed(1)}" y="${base + 18}" text-anchor="middle">${escapeHtml(text)}</text>`,
  );
  const limits = [Math.min(...values), Math.max(...values)].map(
    (value) =>
      `<text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`,
  );
  const name = escapeHtml(`${score} over ${axis || "settings"}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${name}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/><title>${name}</title>
<path fill="none" stroke="#999" d="M${left} ${top}V${base}H${width - right}"/>
${ticks.join("")}${limits.join("")}
<text x="${(left + width - right) / 2}" y="${height - 14}" text-anchor="middle">${escapeHtml(axis)}</text>
<text x="${left}" y="${top - 8}">${escapeHtml(score)} (interval of 95 % over seeds and proteins)</text>
${drawn.join("\n")}
</svg>
`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
