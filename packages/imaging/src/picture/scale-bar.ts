// A scale bar with its length in microns, in the lower right corner of a picture: without it, a picture of cells
// says nothing about their size.

import { drawText, fillRectangle, glyphHeight, textWidth } from "./bitmap-font.ts";
import type { RgbColour, RgbImage } from "./rgb-image.ts";

/** How a scale bar is drawn. */
export interface ScaleBarOptions {
  /** Pixel size of the picture as it is shown: for an enlarged picture, the source's divided by the enlargement. */
  readonly pixelSizeMicrons: number;
  /** Length of the bar. Default: the largest of 1, 2, 5, 10, 20, 50, ... that takes at most a third of the width. */
  readonly lengthMicrons?: number;
  /** Default white. */
  readonly colour?: RgbColour;
}

/**
 * A copy of the picture with a scale bar and its label, such as "10 µm".
 * @throws RangeError for a pixel size or length that does not fit.
 */
export function addScaleBar(image: RgbImage, options: ScaleBarOptions): RgbImage {
  const { pixelSizeMicrons, colour = [255, 255, 255] } = options;
  if (!(pixelSizeMicrons > 0 && Number.isFinite(pixelSizeMicrons))) {
    throw new RangeError(`pixel size is ${pixelSizeMicrons} um: a scale bar needs a positive number`);
  }
  const lengthMicrons = options.lengthMicrons ?? roundLength((image.width * pixelSizeMicrons) / 3);
  const width = Math.round(lengthMicrons / pixelSizeMicrons);
  if (width < 1 || width > image.width) {
    throw new RangeError(
      `a scale bar of ${lengthMicrons} um is ${width} pixels in a picture of ${image.width}: give another lengthMicrons`,
    );
  }
  const margin = Math.min(4, Math.floor((image.width - width) / 2));
  const barHeight = 2;
  const marked = { ...image, data: image.data.slice() };
  const bar = {
    x: image.width - margin - width,
    y: image.height - margin - barHeight,
    width,
    height: barHeight,
  };
  fillRectangle(marked, bar, colour);
  const label = `${lengthMicrons} µm`;
  const x = Math.round(bar.x + (width - textWidth(label)) / 2);
  drawText(marked, label, {
    x: Math.max(1, Math.min(x, image.width - textWidth(label) - 1)),
    y: bar.y - glyphHeight - 2,
    colour,
  });
  return marked;
}

/** The largest of 1, 2, 5 times a power of ten that is not above the limit. */
export function roundLength(limit: number): number {
  const power = 10 ** Math.floor(Math.log10(limit));
  const step = [5, 2].find((factor) => factor * power <= limit) ?? 1;
  return Number((step * power).toPrecision(1));
}
