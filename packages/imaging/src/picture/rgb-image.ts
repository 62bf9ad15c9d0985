// The picture of this package: 8-bit RGB, row-major and interleaved, as PNG writers take it, and the few
// operations from which sheets of pictures are made.

/** A picture of 8-bit RGB. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Row-major pixels, [H, W, 3]. */
  readonly data: Uint8Array;
}

/** A colour; each component is from 0 to 255. */
export type RgbColour = readonly [red: number, green: number, blue: number];

/** An image of one colour. */
export function blankImage(width: number, height: number, colour: RgbColour): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3]!;
  return { width, height, data };
}

/** Copies an image into `target`, which is changed, with its upper left corner at x, y; what falls outside is cut. */
export function pasteImage(
  target: RgbImage,
  image: RgbImage,
  at: { readonly x: number; readonly y: number },
): void {
  const left = Math.max(0, -at.x);
  const right = Math.min(image.width, target.width - at.x);
  if (right <= left) return;
  for (let row = Math.max(0, -at.y); row < Math.min(image.height, target.height - at.y); row++) {
    const from = row * image.width;
    const to = (at.y + row) * target.width + at.x;
    target.data.set(image.data.subarray((from + left) * 3, (from + right) * 3), (to + left) * 3);
  }
}

/** Repeats every pixel `factor` times along both sides; `factor` is a whole number. */
export function enlargeImage(image: RgbImage, factor: number): RgbImage {
  const width = image.width * factor;
  const height = image.height * factor;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / factor) * image.width + Math.floor(x / factor)) * 3;
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = image.data[from + c]!;
    }
  }
  return { width, height, data };
}
