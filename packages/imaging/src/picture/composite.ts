// Colour composites of fluorescence channels as light adds up: each channel times its colour, summed.
// Brightness is linear between the stated limits (no gamma), so equal greys mean equal values.

import type { RgbColour, RgbImage } from "./rgb-image.ts";

/** A channel and the colour it is shown in. */
export interface Layer {
  /** Values of the channel, [H, W]. */
  readonly plane: ArrayLike<number>;
  readonly colour: RgbColour;
  /** The values that are shown black and in full colour. Default 0 and 1. */
  readonly limits?: { readonly low: number; readonly high: number };
}

/** Colours of layers, light enough to be seen on black; blue with green and cyan with magenta suit colour-blind eyes too. */
export const layerColours = {
  blue: [40, 90, 255],
  cyan: [0, 190, 255],
  green: [0, 255, 80],
  magenta: [255, 0, 200],
  grey: [255, 255, 255],
} as const satisfies Record<string, RgbColour>;

/**
 * Adds layers [H, W] to one picture; sums over 255 and values that are not numbers are clipped to the range.
 * @throws RangeError for layers of another size, or contrast limits without a range
 */
export function composite(
  layers: readonly Layer[],
  size: { readonly height: number; readonly width: number },
): RgbImage {
  const { height, width } = size;
  const sum = new Float32Array(height * width * 3);
  for (const { plane, colour, limits = { low: 0, high: 1 } } of layers) {
    if (plane.length !== height * width) {
      throw new RangeError(
        `a layer holds ${plane.length} pixels but the picture is ${height} x ${width}: give planes of one size`,
      );
    }
    if (!(limits.high > limits.low)) {
      throw new RangeError(
        `contrast limits ${limits.low} to ${limits.high} leave no range: high must exceed low`,
      );
    }
    for (let pixel = 0; pixel < plane.length; pixel++) {
      const brightness = (plane[pixel]! - limits.low) / (limits.high - limits.low);
      const shown = Math.min(1, Math.max(0, brightness));
      for (let c = 0; c < 3; c++) sum[pixel * 3 + c]! += shown * colour[c]!;
    }
  }
  const data = new Uint8Array(sum.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.round(sum[i]!));
  return { width, height, data };
}

/** The two channels of a cell. */
export interface CellChannels {
  /** Nucleus channel in [0, 1], [H, W]. */
  readonly nucleus: ArrayLike<number>;
  /** Protein channel in [0, 1], [H, W]. */
  readonly protein: ArrayLike<number>;
}

/**
 * The usual picture of a cell: nucleus blue and protein green, or cyan and magenta.
 * @throws RangeError for channels of another size.
 */
export function compositeCell(
  { nucleus, protein }: CellChannels,
  size: { readonly height: number; readonly width: number },
  options: { readonly palette?: "blue-green" | "cyan-magenta" } = {},
): RgbImage {
  const { palette = "blue-green" } = options;
  const { blue, cyan, green, magenta } = layerColours;
  const [nucleusColour, proteinColour] = palette === "blue-green" ? [blue, green] : [cyan, magenta];
  return composite(
    [
      { plane: nucleus, colour: nucleusColour },
      { plane: protein, colour: proteinColour },
    ],
    size,
  );
}
