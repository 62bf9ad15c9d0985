// The field of an uploaded image as the page shows it: the stain in grey, the border of every nucleus in the accent of the
// page, so that a wrong segmentation is seen before anything is generated from it.
import type { UploadedImage } from "../api/types.ts";

type Field = NonNullable<UploadedImage["field"]>;

/** The picture of a field, RGBA. */
export function fieldPixels(field: Field): Uint8ClampedArray<ArrayBuffer> {
  const { stain, borders, width, height } = field;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const grey = 255 * stain[at]!;
    data.set(borders[at] ? [255, 193, 77, 255] : [grey, grey, grey, 255], 4 * at);
  }
  return data;
}

/** Draws a field into a canvas of its size. */
export function drawField(canvas: HTMLCanvasElement, field: Field): void {
  const { width, height } = field;
  canvas.getContext("2d")!.putImageData(new ImageData(fieldPixels(field), width, height), 0, 0);
}
