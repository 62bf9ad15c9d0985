// The field of an uploaded image as the page shows it: the stain in grey, the border of every nucleus in the accent of the
// page, so that a wrong segmentation is seen before anything is generated from it.
import type { UploadedImage } from "../api/types.ts";

type Field = NonNullable<UploadedImage["field"]>;

/** Pixels of labels that touch another label or none. */
export function borderOf({ labels, width, height }: Pick<Field, "labels" | "width" | "height">): Uint8Array {
  const border = new Uint8Array(labels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const label = labels[at]!;
      if (label === 0) continue;
      const neighbours = [
        x > 0 ? labels[at - 1] : 0,
        x < width - 1 ? labels[at + 1] : 0,
        y > 0 ? labels[at - width] : 0,
        y < height - 1 ? labels[at + width] : 0,
      ];
      if (neighbours.some((other) => other !== label)) border[at] = 1;
    }
  return border;
}

/** The picture of a field, RGBA. */
export function fieldPixels(field: Field): Uint8ClampedArray<ArrayBuffer> {
  const { stain, width, height } = field;
  const border = borderOf(field);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const grey = 255 * stain[at]!;
    data.set(border[at] ? [255, 193, 77, 255] : [grey, grey, grey, 255], 4 * at);
  }
  return data;
}

/** Draws a field into a canvas of its size. */
export function drawField(canvas: HTMLCanvasElement, field: Field): void {
  const { width, height } = field;
  canvas.getContext("2d")!.putImageData(new ImageData(fieldPixels(field), width, height), 0, 0);
}
