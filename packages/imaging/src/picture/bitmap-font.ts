// A built-in font of 5x7 pixels for labels in pictures, so that no picture depends on the machine's fonts.
// Each strip is its characters, then the seven rows of all their glyphs, readable as they stand.

import type { RgbColour, RgbImage } from "./rgb-image.ts";

/** Width of a glyph in pixels. */
export const glyphWidth = 5;
/** Height of a glyph in pixels. */
export const glyphHeight = 7;
/** Distance in pixels from one character to the next. */
export const advance = glyphWidth + 1;

// biome-ignore format: one row of the table is one row of pixels
const strips: readonly (readonly [characters: string, ...rows: string[]])[] = [
  [
    "ABCDEFGHIJKLMNOPQ",
    ".###. ####. .###. ###.. ##### ##### .###. #...# .###. ..### #...# #.... #...# #...# .###. ####. .###.",
    "#...# #...# #...# #..#. #.... #.... #...# #...# ..#.. ...#. #..#. #.... ##.## #...# #...# #...# #...#",
    "#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# ##..# #...# #...# #...#",
    "##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#. ##... #.... #.#.# #.#.# #...# ####. #...#",
    "#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#. #.#.. #.... #...# #..## #...# #.... #.#.#",
    "#...# #...# #...# #..#. #.... #.... #...# #...# ..#.. #..#. #..#. #.... #...# #...# #...# #.... #..#.",
    "#...# ####. .###. ###.. ##### #.... .#### #...# .###. .##.. #...# ##### #...# #...# .###. #.... .##.#",
  ],
  [
    "RSTUVWXYZ01234567",
    "####. .#### ##### #...# #...# #...# #...# #...# ##### .###. ..#.. .###. ##### ...#. ##### ..##. #####",
    "#...# #.... ..#.. #...# #...# #...# #...# #...# ....# #...# .##.. #...# ...#. ..##. #.... .#... ....#",
    "#...# #.... ..#.. #...# #...# #...# .#.#. #...# ...#. #..## ..#.. ....# ..#.. .#.#. ####. #.... ...#.",
    "####. .###. ..#.. #...# #...# #.#.# ..#.. .#.#. ..#.. #.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#..",
    "#.#.. ....# ..#.. #...# #...# #.#.# .#.#. ..#.. .#... ##..# ..#.. ..#.. ....# ##### ....# #...# .#...",
    "#..#. ....# ..#.. #...# .#.#. #.#.# #...# ..#.. #.... #...# ..#.. .#... #...# ...#. #...# #...# .#...",
    "#...# ####. ..#.. .###. ..#.. .#.#. #...# ..#.. ##### .###. .###. ##### .###. ...#. .###. .###. .#...",
  ],
  [
    "89abcdefghijklmno",
    ".###. .###. ..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .##.. ..... ..... .....",
    "#...# #...# ..... #.... ..... ....# ..... .#..# .#### #.... ..... ..... #.... ..#.. ..... ..... .....",
    "#...# #...# .###. #.##. .###. .##.# .###. .#... #...# #.##. .##.. ..##. #..#. ..#.. ##.#. #.##. .###.",
    ".###. .#### ....# ##..# #.... #..## #...# ###.. #...# ##..# ..#.. ...#. #.#.. ..#.. #.#.# ##..# #...#",
    "#...# ....# .#### #...# #.... #...# ##### .#... .#### #...# ..#.. ...#. ##... ..#.. #.#.# #...# #...#",
    "#...# ...#. #...# #...# #...# #...# #.... .#... ....# #...# ..#.. #..#. #.#.. ..#.. #...# #...# #...#",
    ".###. .##.. .#### ####. .###. .#### .###. .#... .###. #...# .###. .##.. #..#. .###. #...# #...# .###.",
  ],
  [
    "pqrstuvwxyz.,:;-+",
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..... ..... .##.. .##.. ..... ..#..",
    "####. .##.# #.##. .###. ###.. #...# #...# #...# #...# #...# ##### ..... ..... .##.. .##.. ..... ..#..",
    "#...# #..## ##..# #.... .#... #...# #...# #...# .#.#. #...# ...#. ..... ..... ..... ..... ##### #####",
    "####. .#### #.... .###. .#... #...# #...# #.#.# ..#.. .#### ..#.. ..... .##.. .##.. .##.. ..... ..#..",
    "#.... ....# #.... ....# .#..# #..## .#.#. #.#.# .#.#. ....# .#... .##.. ..#.. .##.. ..#.. ..... ..#..",
    "#.... ....# #.... ####. ..##. .##.# ..#.. .#.#. #...# .###. ##### .##.. .#... ..... .#... ..... .....",
  ],
  [
    "_/()[]%=<>#'|~*?µ@",
    "..... ..... ...#. .#... .###. .###. ##... ..... ...#. .#... .#.#. .##.. ..#.. ..... ..... .###. ..... .###.",
    "..... ....# ..#.. ..#.. .#... ...#. ##..# ..... ..#.. ..#.. .#.#. ..#.. ..#.. ..... ..#.. #...# ..... #...#",
    "..... ...#. .#... ...#. .#... ...#. ...#. ##### .#... ...#. ##### .#... ..#.. .#... #.#.# ....# #...# #.###",
    "..... ..#.. .#... ...#. .#... ...#. ..#.. ..... #.... ....# .#.#. ..... ..#.. #.#.# .###. ...#. #...# #.#.#",
    "..... .#... .#... ...#. .#... ...#. .#... ##### .#... ...#. ##### ..... ..#.. ...#. #.#.# ..#.. #..## #.###",
    "..... #.... ..#.. ..#.. .#... ...#. #..## ..... ..#.. ..#.. .#.#. ..... ..#.. ..... ..#.. ..... ###.# #....",
    "##### ..... ...#. .#... .###. .###. ...## ..... ...#. .#... .#.#. ..... ..#.. ..... ..... ..#.. #.... .###.",
  ],
];

const glyphs = new Map(
  strips.flatMap(([characters, ...rows]) =>
    [...characters].map(
      (character, i) =>
        [character, rows.map((row) => row.slice(i * advance, i * advance + glyphWidth))] as const,
    ),
  ),
);

/** Width in pixels of a text drawn at a scale, without the gap after its last character. */
export function textWidth(text: string, scale = 1): number {
  return Math.max(0, [...text].length * advance - 1) * scale;
}

/** Where and how a text is drawn. */
export interface TextPosition {
  /** Upper left corner. */
  readonly x: number;
  readonly y: number;
  /** Image pixels per font pixel, a whole number. Default 1. */
  readonly scale?: number;
  /** Colour of the text. Default white. */
  readonly colour?: RgbColour;
}

/** Draws a text into an image, which is changed; what falls outside is cut, and characters not in the font become "?". */
export function drawText(image: RgbImage, text: string, position: TextPosition): void {
  const { x, y, scale = 1, colour = [255, 255, 255] } = position;
  [...text].forEach((character, i) => {
    if (character === " ") return;
    const rows = glyphs.get(character) ?? glyphs.get("?")!;
    rows.forEach((row, v) => {
      [...row].forEach((dot, u) => {
        if (dot !== "#") return;
        const left = x + (i * advance + u) * scale;
        fillRectangle(image, { x: left, y: y + v * scale, width: scale, height: scale }, colour);
      });
    });
  });
}

/** Fills a rectangle of an image, which is changed; what falls outside is cut. */
export function fillRectangle(
  image: RgbImage,
  area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  colour: RgbColour,
): void {
  for (let y = Math.max(0, area.y); y < Math.min(image.height, area.y + area.height); y++) {
    for (let x = Math.max(0, area.x); x < Math.min(image.width, area.x + area.width); x++) {
      image.data.set(colour, (y * image.width + x) * 3);
    }
  }
}
