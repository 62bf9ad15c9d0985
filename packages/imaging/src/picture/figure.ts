// A figure of rectangles and lines of text, written once and rendered as a picture of pixels or as SVG: charts that stand in a
// page and in a paper alike. Lengths are pixels of the picture.

import { drawText, fillRectangle, glyphHeight } from "./bitmap-font.ts";
import { blankImage, type RgbColour, type RgbImage } from "./rgb-image.ts";

/** A filled rectangle. */
export interface FigureBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly colour: RgbColour;
  /** Shown by a viewer of the SVG that points at the rectangle. */
  readonly title?: string | undefined;
}

/** A line of text; x, y is its upper left corner, and its letters are 7 pixels high. */
export interface FigureText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly colour?: RgbColour | undefined;
}

/** Boxes, then texts over them, on white. */
export interface Figure {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly FigureBox[];
  readonly texts: readonly FigureText[];
}

const ink: RgbColour = [30, 30, 30];

/** The figure in pixels; edges of boxes are rounded to them, and a box is one pixel wide at least. */
export function renderFigure({ width, height, boxes, texts }: Figure): RgbImage {
  const image = blankImage(width, height, [255, 255, 255]);
  for (const box of boxes) {
    const [x, y] = [Math.round(box.x), Math.round(box.y)];
    const right = Math.max(x + 1, Math.round(box.x + box.width));
    const bottom = Math.max(y + 1, Math.round(box.y + box.height));
    fillRectangle(image, { x, y, width: right - x, height: bottom - y }, box.colour);
  }
  for (const { x, y, text, colour = ink } of texts)
    drawText(image, text, { x: Math.round(x), y: Math.round(y), colour });
  return image;
}

/** The figure as an SVG document. */
export function figureSvg({ width, height, boxes, texts }: Figure): string {
  const number = (value: number) => String(Number(value.toFixed(2)));
  const rgb = (colour: RgbColour) => `rgb(${colour.join(",")})`;
  const rectangles = boxes.map(({ x, y, width, height, colour, title }) => {
    const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
    const rectangle = `<rect ${place} fill="${rgb(colour)}"`;
    return title === undefined ? `${rectangle}/>` : `${rectangle}><title>${escapeXml(title)}</title></rect>`;
  });
  const lines = texts.map(
    ({ x, y, text, colour = ink }) =>
      `<text x="${number(x)}" y="${number(y + glyphHeight)}" fill="${rgb(colour)}">${escapeXml(text)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="10">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...[...rectangles, ...lines],
    "</svg>\n",
  ].join("\n");
}

/** Text of XML: its own characters escaped, and those left out that it cannot hold. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text
    .replace(/[&<>"]/g, (character) => entities[character]!)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd]/g, "?");
}
