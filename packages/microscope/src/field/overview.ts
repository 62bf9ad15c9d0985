// The overview of a generated field: outlines of the nuclei in the colour of the compartment that the image classifier
// names in each cell, their numbers, and how many cells there are per compartment.

import {
  addScaleBar,
  blankImage,
  composite,
  drawText,
  fillRectangle,
  layerColours,
  markSynthetic,
  pasteImage,
  type RgbColour,
  type RgbImage,
  textWidth,
} from "@proteoscope/imaging";
import { mostProbable } from "../protein/probabilities.ts";
import type { FieldCell, GeneratedField } from "./generate-field.ts";

/** Colours that are far apart on black; after the last the first again. */
const palette: readonly RgbColour[] = [
  [255, 110, 110],
  [255, 200, 60],
  [90, 200, 255],
  [255, 120, 255],
  [255, 255, 140],
  [120, 255, 220],
  [200, 160, 255],
  [255, 160, 90],
  [170, 220, 90],
  [255, 190, 210],
];
const notDrawn: RgbColour = [150, 150, 150];
const rowPixels = 12;

/** Draws the first sample dimmed, with outlines and numbers, and a legend below. */
export function drawOverview(field: GeneratedField): RgbImage {
  const { height, width, cells, labels, pixelSizeMicrons } = field;
  const names = Object.keys(field.provenance.compartments.classified);
  const colourOf = ({ compartments }: FieldCell): RgbColour =>
    compartments === undefined
      ? notDrawn
      : palette[names.indexOf(mostProbable(compartments)) % palette.length]!;
  const { green, grey } = layerColours;
  const dimmed = { low: 0, high: 1.6 };
  const layers = [
    { plane: field.nucleus, colour: grey, limits: { low: 0, high: 3 } },
    { plane: field.proteins[0]!, colour: green, limits: dimmed },
  ];
  const picture = composite(layers, { height, width });
  drawOutlines(
    picture,
    labels,
    cells.map((cell) => colourOf(cell)),
  );
  for (const { nucleus, shape } of cells) {
    const number = String(nucleus);
    const x = Math.round(shape.centre.x - textWidth(number) / 2);
    drawText(picture, number, { x, y: Math.round(shape.centre.y) - 3 });
  }
  const marked = addScaleBar(markSynthetic(picture), { pixelSizeMicrons });
  return withLegend(marked, legendOf(cells, colourOf));
}

function drawOutlines(picture: RgbImage, labels: Int32Array, colours: readonly RgbColour[]): void {
  const { width, height, data } = picture;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!;
    if (label === 0) continue;
    const x = pixel % width;
    const isInside =
      x > 0 &&
      x < width - 1 &&
      pixel >= width &&
      pixel < (height - 1) * width &&
      labels[pixel - 1] === label &&
      labels[pixel + 1] === label &&
      labels[pixel - width] === label &&
      labels[pixel + width] === label;
    if (!isInside) data.set(colours[label - 1]!, 3 * pixel);
  }
}

interface LegendEntry {
  readonly text: string;
  readonly colour: RgbColour;
}

/** Compartments with the number of their cells, the most frequent first. */
function legendOf(cells: readonly FieldCell[], colourOf: (cell: FieldCell) => RgbColour): LegendEntry[] {
  const groups = new Map<string, { count: number; readonly colour: RgbColour }>();
  for (const cell of cells) {
    const name = cell.compartments === undefined ? "not drawn" : mostProbable(cell.compartments);
    const group = groups.get(name) ?? { count: 0, colour: colourOf(cell) };
    group.count++;
    groups.set(name, group);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([name, { count, colour }]) => ({ text: `${name} ${count}`, colour }));
}

function withLegend(picture: RgbImage, entries: readonly LegendEntry[]): RgbImage {
  const places: { readonly x: number; readonly y: number }[] = [];
  let [x, y] = [6, 4];
  for (const { text } of entries) {
    const width = textWidth(text) + 26;
    if (x + width > picture.width && x > 6) [x, y] = [6, y + rowPixels];
    places.push({ x, y });
    x += width;
  }
  const whole = blankImage(picture.width, picture.height + y + rowPixels, [0, 0, 0]);
  pasteImage(whole, picture, { x: 0, y: 0 });
  for (const [index, { text, colour }] of entries.entries()) {
    const at = { x: places[index]!.x, y: picture.height + places[index]!.y };
    fillRectangle(whole, { ...at, width: 7, height: 7 }, colour);
    drawText(whole, text, { x: at.x + 11, y: at.y });
  }
  return whole;
}
