// The picture of a scan: a strip along the sequence, darker where a change has a larger effect, with the features that the
// user knows above it and marks below the windows that pass the correction. The colour of a residue is that of the mean effect
// of the windows over it.

import type { ProteinFeature } from "@proteoscope/formats";
import {
  type Figure,
  type FigureBox,
  type FigureText,
  type RgbColour,
  textWidth,
} from "@proteoscope/imaging";
import type { ScanResult, ScanWindow } from "./scan.ts";
import { falseDiscoveryRate } from "./statistics.ts";

const [margin, lineHeight, stripHeight, markHeight] = [8, 12, 22, 4];
const plotPixels = 900;
const featureColour: RgbColour = [150, 180, 215];
const markColour: RgbColour = [20, 20, 20];
/** From no effect to the largest: light to dark, in an order that also grey tones keep. */
const colourStops: readonly RgbColour[] = [
  [255, 250, 235],
  [254, 178, 76],
  [227, 60, 40],
  [110, 0, 50],
];

interface Strip {
  readonly title: string;
  readonly effect: (window: ScanWindow) => number;
  readonly isFound: (window: ScanWindow) => boolean;
}

/** The figure of a scan, with features of its protein. */
export function heatStrip(result: ScanResult, features: readonly ProteinFeature[] = []): Figure {
  const { protein, mode, windowResidues, strideResidues, model, windows } = result;
  const scale = plotPixels / protein.residues;
  const xOf = (position: number) => margin + (position - 1) * scale; // left edge of a residue
  const boxes: FigureBox[] = [];
  const texts: FigureText[] = [];
  let y = margin;
  const write = (text: string, x = margin) => void texts.push({ x, y, text });
  write(`${protein.id}: ${mode}, windows of ${windowResidues} residues every ${strideResidues}, ${model}`);
  y += lineHeight + 4;
  for (const lane of arrangeLanes(features, xOf)) {
    for (const { first, last, name } of lane) {
      const width = (last - first + 1) * scale;
      const box = { x: xOf(first), y, width, height: 7, colour: featureColour };
      boxes.push({ ...box, title: `${name}, ${first}-${last}` });
      write(name, labelX(xOf(first), name));
    }
    y += lineHeight;
  }
  const found = (q: number) => q <= falseDiscoveryRate;
  const strips: Strip[] = [
    { title: "change of log-odds", effect: (window) => window.effect, isFound: ({ q }) => found(q) },
  ];
  if (windows[0]?.images !== undefined)
    strips.push({
      title: "distance of the images",
      effect: ({ images }) => images!.mean,
      isFound: ({ images }) => found(images!.q),
    });
  for (const { title, effect, isFound } of strips) {
    const means = meanPerResidue(result, effect);
    const largest = Math.max(...means, Number.MIN_VALUE);
    write(`${title}, mean of the windows over a residue: 0 to ${largest.toFixed(2)}`);
    y += lineHeight;
    for (const [index, mean] of means.entries()) {
      const shade = result.tail === "large" ? mean / largest : 1 - mean / largest;
      const title = `${index + 1}: ${mean.toFixed(3)}`;
      boxes.push({ x: xOf(index + 1), y, width: scale, height: stripHeight, colour: colourOf(shade), title });
    }
    y += stripHeight + 2;
    for (const window of windows.filter(isFound)) {
      const width = (window.last - window.first + 1) * scale;
      boxes.push({ x: xOf(window.first), y, width, height: markHeight, colour: markColour });
    }
    y += markHeight + 4;
  }
  const step = tickStep(protein.residues);
  for (let position = step; position <= protein.residues; position += step) {
    boxes.push({ x: xOf(position) + scale / 2, y, width: 1, height: 3, colour: markColour });
    texts.push({ x: xOf(position) - textWidth(String(position)) / 2, y: y + 5, text: String(position) });
  }
  y += lineHeight + 8;
  write(
    `black: windows with a false discovery rate of at most ${falseDiscoveryRate}; ${result.null.draws} draws of the null`,
  );
  return { width: plotPixels + 2 * margin, height: y + lineHeight + margin, boxes, texts };
}

/** Features in as few lanes as keep them and their names apart. */
function arrangeLanes(
  features: readonly ProteinFeature[],
  xOf: (position: number) => number,
): ProteinFeature[][] {
  const lanes: { end: number; features: ProteinFeature[] }[] = [];
  for (const feature of [...features].sort((a, b) => a.first - b.first || a.last - b.last)) {
    const begin = labelX(xOf(feature.first), feature.name);
    const end = Math.max(xOf(feature.last + 1), begin + textWidth(feature.name)) + 6;
    const lane = lanes.find((one) => one.end <= Math.min(begin, xOf(feature.first)));
    if (lane === undefined) lanes.push({ end, features: [feature] });
    else {
      lane.features.push(feature);
      lane.end = end;
    }
  }
  return lanes.map((lane) => lane.features);
}

/** A name begins with its feature, or further left where the figure would cut it. */
function labelX(x: number, name: string): number {
  return Math.max(margin, Math.min(x + 1, margin + plotPixels - textWidth(name)));
}

/** Mean effect of the windows over each residue; 0 where there is none. */
function meanPerResidue({ protein, windows }: ScanResult, effect: Strip["effect"]): number[] {
  const [sums, counts] = [new Float64Array(protein.residues), new Float64Array(protein.residues)];
  for (const window of windows)
    for (let index = window.first - 1; index < window.last; index++) {
      sums[index]! += effect(window);
      counts[index]!++;
    }
  return Array.from(sums, (sum, index) => (counts[index] === 0 ? 0 : sum / counts[index]!));
}

function colourOf(shade: number): RgbColour {
  const at = Math.min(1, Math.max(0, shade)) * (colourStops.length - 1);
  const index = Math.min(Math.floor(at), colourStops.length - 2);
  const [low, high] = [colourStops[index]!, colourStops[index + 1]!];
  const mix = (c: 0 | 1 | 2) => Math.round(low[c] + (at - index) * (high[c] - low[c]));
  return [mix(0), mix(1), mix(2)];
}

/** Ten ticks or fewer, at round positions. */
function tickStep(residues: number): number {
  return [10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((step) => residues / step <= 12) ?? 10_000;
}
