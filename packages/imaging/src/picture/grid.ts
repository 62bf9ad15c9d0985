// A sheet of pictures: tiles in rows, with margins, a label over each tile, and the word SYNTHETIC where they
// were not seen by a microscope.

import { drawText, glyphHeight, textWidth } from "./bitmap-font.ts";
import { blankImage, enlargeImage, pasteImage, type RgbColour, type RgbImage } from "./rgb-image.ts";

/** A picture of a sheet. */
export interface Tile {
  readonly image: RgbImage;
  /** One line above the tile, cut to its width. */
  readonly label?: string;
  /** Whether SYNTHETIC is written into the lower left corner. */
  readonly synthetic?: boolean;
}

/** How a sheet is laid out. */
export interface GridOptions {
  /** Sheet pixels per tile pixel, a whole number; margins and labels keep their size. Default 1. */
  readonly scale?: number;
  /** Between the tiles and around them. Default 6. */
  readonly marginPixels?: number;
  /** Default black. */
  readonly background?: RgbColour;
  /** Default light grey. */
  readonly textColour?: RgbColour;
}

/** Lays out rows of tiles: columns are as wide and rows as high as their largest tile, gaps may be null. */
export function tileImages(rows: readonly (readonly (Tile | null)[])[], options: GridOptions = {}): RgbImage {
  const { scale = 1, marginPixels = 6, background = [0, 0, 0], textColour = [230, 230, 230] } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const columnWidth = Array.from({ length: columns }, (_, c) =>
    Math.max(0, ...rows.map((row) => (row[c]?.image.width ?? 0) * scale)),
  );
  const labelHeight = (row: readonly (Tile | null)[]) =>
    row.some((tile) => tile?.label) ? glyphHeight + 3 : 0;
  const rowHeight = rows.map(
    (row) => labelHeight(row) + Math.max(0, ...row.map((tile) => (tile?.image.height ?? 0) * scale)),
  );
  const total = (sizes: readonly number[]) =>
    sizes.reduce((sum, size) => sum + size + marginPixels, marginPixels);
  const sheet = blankImage(total(columnWidth), total(rowHeight), background);

  let y = marginPixels;
  rows.forEach((row, r) => {
    let x = marginPixels;
    row.forEach((tile, c) => {
      if (tile) {
        if (tile.label) drawText(sheet, fitText(tile.label, columnWidth[c]!), { x, y, colour: textColour });
        const enlarged = enlargeImage(tile.image, scale);
        pasteImage(sheet, tile.synthetic ? markSynthetic(enlarged) : enlarged, {
          x,
          y: y + labelHeight(row),
        });
      }
      x += columnWidth[c]! + marginPixels;
    });
    y += rowHeight[r]! + marginPixels;
  });
  return sheet;
}

/** A copy with the word SYNTHETIC in the lower left corner. */
export function markSynthetic(image: RgbImage): RgbImage {
  const marked = { ...image, data: image.data.slice() };
  drawText(marked, "SYNTHETIC", { x: 2, y: image.height - glyphHeight - 2, colour: [255, 255, 255] });
  return marked;
}

/** The longest beginning of a text that fits a width, ending in ".." when it was cut. */
function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join("")}..`) > width) characters.pop();
  return `${characters.join("")}..`;
}
