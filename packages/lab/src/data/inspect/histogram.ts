// Histograms as plain data and as a figure of bars, for a picture and for a page alike: what a data set is like at a
// glance.

import type { Figure, FigureBox, FigureText } from "@proteoscope/imaging";

/** Counts of values in bins of equal width. */
export interface Histogram {
  readonly name: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

const binCount = 24;

/** The histogram of some values between their smallest and largest; no values give no counts. */
export function histogramOf(name: string, values: readonly number[], unit: string): Histogram {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (values.length === 0) return { name, unit, low: 0, high: 0, counts: [] };
  const counts = new Array<number>(binCount).fill(0);
  const width = (high - low) / binCount || 1;
  for (const value of values) counts[Math.min(binCount - 1, Math.floor((value - low) / width))]! += 1;
  return { name, unit, low, high, counts };
}

const [panelWidth, panelHeight, columns, barsHeight] = [240, 120, 3, 80];

/** All histograms in rows of three, with their limits under the bars and the largest count beside the name. */
export function drawHistograms(histograms: readonly Histogram[]): Figure {
  const boxes: FigureBox[] = [];
  const texts: FigureText[] = [];
  for (const [at, { name, unit, low, high, counts }] of histograms.entries()) {
    const x = (at % columns) * panelWidth + 10;
    const y = Math.floor(at / columns) * panelHeight + 10;
    const most = Math.max(1, ...counts);
    const barWidth = (panelWidth - 20) / binCount;
    texts.push({ x, y, text: `${name} (${most})` });
    for (const [bin, count] of counts.entries()) {
      const height = (count / most) * (barsHeight - 12);
      if (count > 0)
        boxes.push({
          ...{
            x: x + bin * barWidth,
            y: y + barsHeight - height,
            width: barWidth - 1,
            height: Math.max(1, height),
          },
          ...{ colour: [60, 110, 180], title: String(count) },
        });
    }
    const limits = counts.length === 0 ? "no values" : `${short(low)} to ${short(high)} ${unit}`;
    texts.push({ x, y: y + barsHeight + 4, text: limits });
  }
  const rows = Math.max(1, Math.ceil(histograms.length / columns));
  return { width: columns * panelWidth, height: rows * panelHeight, boxes, texts };
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
