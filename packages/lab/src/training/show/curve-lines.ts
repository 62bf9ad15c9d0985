// The curves of a run as lines of text, for a terminal in which it is watched: the last value of each score, and its
// course in characters of eight heights.

import type { Curve, RunRecord } from "./read-run.ts";

const heights = "▁▂▃▄▅▆▇█";
const hidden = new Set(["stepMs"]);

/** Lines of at most about `columns` characters, one per score. */
export function curveLines({ curves }: RunRecord, columns = 80): string[] {
  const shown = curves.filter(({ name }) => !hidden.has(name));
  const longest = Math.max(0, ...shown.map(({ name }) => name.length));
  const width = Math.max(8, Math.min(60, columns - longest - 24));
  return shown.map((curve) => {
    const { value } = curve.points.at(-1)!;
    return `${curve.name.padEnd(longest)}  ${value.toPrecision(4).padStart(9)}  ${sparkline(curve, width)}`;
  });
}

/** The course of a curve in `width` characters, each the mean of its steps; the lowest value is the lowest mark. */
export function sparkline({ points }: Curve, width: number): string {
  const count = Math.min(width, points.length);
  const means = Array.from({ length: count }, (_, i) => {
    const part = points.slice(
      Math.floor((i * points.length) / count),
      Math.floor(((i + 1) * points.length) / count),
    );
    return part.reduce((sum, { value }) => sum + value, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return means
    .map((mean) => heights[Math.round(((mean - low) / (high - low || 1)) * (heights.length - 1))])
    .join("");
}
