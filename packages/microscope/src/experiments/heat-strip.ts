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
  const canvas: Canvas = { boxes: [], texts: [], y: margin, scale: plotPixels / protein.residues };
  write(
    canvas,
    `${protein.id}: ${mode}, windows of ${windowResidues} residues every ${strideResidues}, ${model}`,
  );
  canvas.y += lineHeight + 4;
  drawFeatures(canvas, features);
  const isFound = (q: number) => q <= falseDiscoveryRate;
  drawStrip(canvas, result, {
    title: "change of log-odds",
    effect: ({ effect }) => effect,
    isFound: ({ q }) => isFound(q),
  });
  if (windows[0]?.images !== undefined)
    drawStrip(canvas, result, {
      title: "distance of the images",
      effect: ({ images }) => images!.mean,
      isFound: ({ images }) => isFound(images!.q),
    });
  drawTicks(canvas, protein.residues);
  const rule = `windows with a false discovery rate of at most ${falseDiscoveryRate}`;
  write(canvas, `black: ${rule}; ${result.null.draws} draws of the null`);
  const { boxes, texts, y } = canvas;
  return { width: plotPixels + 2 * margin, height: y + lineHeight + margin, boxes, texts };
}

/** What is drawn by now, and where the next track begins. */
interface Canvas {
  readonly boxes: FigureBox[];
  readonly texts: FigureText[];
  /** Pixels per residue. */
  readonly scale: number;
  y: number;
}

/** Left edge of a residue. */
function xOf({ scale }: Canvas, position: number): number {
  return margin + (position - 1) * scale;
}

function write({ texts, y }: Canvas, text: string, x = margin): void {
  texts.push({ x, y, text });
}

function drawFeatures(canvas: Canvas, features: readonly ProteinFeature[]): void {
  for (const lane of arrangeLanes(features, (position) => xOf(canvas, position))) {
    for (const { first, last, name } of lane) {
      const place = { x: xOf(canvas, first), y: canvas.y, width: (last - first + 1) * canvas.scale };
      canvas.boxes.push({ ...place, height: 7, colour: featureColour, title: `${name}, ${first}-${last}` });
      write(canvas, name, labelX(place.x, name));
    }
    canvas.y += lineHeight;
  }
}

function drawStrip(canvas: Canvas, result: ScanResult, { title, effect, isFound }: Strip): void {
  const { boxes, scale } = canvas;
  const means = meanPerResidue(result, effect);
  const largest = Math.max(...means, Number.MIN_VALUE);
  write(canvas, `${title}, mean of the windows over a residue: 0 to ${largest.toFixed(2)}`);
  canvas.y += lineHeight;
  for (const [index, mean] of means.entries()) {
    const shade = result.tail === "large" ? mean / largest : 1 - mean / largest;
    const place = { x: xOf(canvas, index + 1), y: canvas.y, width: scale, height: stripHeight };
    boxes.push({ ...place, colour: colourOf(shade), title: `${index + 1}: ${mean.toFixed(3)}` });
  }
  canvas.y += stripHeight + 2;
  for (const { first, last } of result.windows.filter(isFound)) {
    const place = { x: xOf(canvas, first), y: canvas.y, width: (last - first + 1) * scale };
    boxes.push({ ...place, height: markHeight, colour: markColour });
  }
  canvas.y += markHeight + 4;
}

function drawTicks(canvas: Canvas, residues: number): void {
  const step = tickStep(residues);
  for (let position = step; position <= residues; position += step) {
    const x = xOf(canvas, position) + canvas.scale / 2;
    canvas.boxes.push({ x, y: canvas.y, width: 1, height: 3, colour: markColour });
    const text = String(position);
    canvas.texts.push({ x: x - textWidth(text) / 2, y: canvas.y + 5, text });
  }
  canvas.y += lineHeight + 8;
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
