// One picture of a screen: a row per compartment with its most probable proteins, so that thousands of pictures need not
// be opened to see what kinds there are.

import { type RgbImage, tileImages } from "@proteoscope/imaging";
import type { ScreenSummary } from "./summary.ts";

/** Draws the sheet; `pictures` by path, all marked as synthetic already. Compartments without a picture have no row. */
export function drawContactSheet(summary: ScreenSummary, pictures: ReadonlyMap<string, RgbImage>): RgbImage {
  const rows = Object.entries(summary.examples).map(([compartment, examples]) =>
    examples.flatMap(({ id, probability, picture }) => {
      const image = pictures.get(picture);
      return image === undefined ? [] : [{ image, label: `${id} ${compartment} ${probability.toFixed(2)}` }];
    }),
  );
  return tileImages(rows.filter((row) => row.length > 0));
}
