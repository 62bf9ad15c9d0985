// How planes are shown: colour, limits and gamma per channel, and what one pixel becomes. This function is the reference; the
// shader does the same on the GPU, and pictures that are saved are made by it. Raw values are read and never written.

/** How a channel is shown. */
export interface ChannelDisplay {
  /** "#rrggbb" */
  readonly colour: string;
  /** Value that is shown black. */
  readonly low: number;
  /** Value that is shown in full colour; below `low`, the scale is turned round. */
  readonly high: number;
  /** 1 is linear, less lifts dim structures. */
  readonly gamma: number;
  readonly visible: boolean;
}

/** A plane and how it is shown. */
export interface Layer {
  /** [height, width] */
  readonly plane: Float32Array;
  readonly display: ChannelDisplay;
}

/** Colours that stay apart for colour-blind eyes when two of them are combined. */
export const colourPairs = [
  { name: "blue and green", nucleus: "#285aff", protein: "#00ff50" },
  { name: "cyan and magenta", nucleus: "#00beff", protein: "#ff00c8" },
  { name: "blue and yellow", nucleus: "#3060ff", protein: "#ffd21f" },
  { name: "grey", nucleus: "#6b6b6b", protein: "#ffffff" },
] as const;

/** The display of a page that was just opened. */
export const defaultChannels: Readonly<Record<"nucleus" | "protein", ChannelDisplay>> = {
  nucleus: { colour: colourPairs[0].nucleus, low: 0, high: 1, gamma: 1, visible: true },
  protein: { colour: colourPairs[0].protein, low: 0, high: 1, gamma: 1, visible: true },
};

/** Red, green and blue of a colour, 0 to 1. */
export function colourOf(hex: string): readonly [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** Brightness, 0 to 1, of a value. */
export function brightnessOf(value: number, { low, high, gamma }: ChannelDisplay): number {
  const range = high - low;
  const linear = Math.min(1, Math.max(0, range === 0 ? (value > low ? 1 : 0) : (value - low) / range));
  return gamma === 1 ? linear : linear ** gamma;
}

/** The picture of layers as RGBA, [height, width, 4]; light adds up. */
export function shade(layers: readonly Layer[], pixels: number): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(pixels * 4);
  const visible = layers.filter(({ display }) => display.visible);
  const colours = visible.map(({ display }) => colourOf(display.colour));
  for (let pixel = 0; pixel < pixels; pixel++) {
    let [red, green, blue] = [0, 0, 0];
    for (const [index, { plane, display }] of visible.entries()) {
      const brightness = brightnessOf(plane[pixel]!, display);
      const colour = colours[index]!;
      red += brightness * colour[0];
      green += brightness * colour[1];
      blue += brightness * colour[2];
    }
    data[4 * pixel] = red * 255;
    data[4 * pixel + 1] = green * 255;
    data[4 * pixel + 2] = blue * 255;
    data[4 * pixel + 3] = 255;
  }
  return data;
}

/** The layers of a cell. */
export function cellLayers(
  planes: { readonly nucleus: Float32Array; readonly protein: Float32Array },
  channels: Readonly<Record<"nucleus" | "protein", ChannelDisplay>>,
): Layer[] {
  return [
    { plane: planes.nucleus, display: channels.nucleus },
    { plane: planes.protein, display: channels.protein },
  ];
}

/** A difference as two layers of one plane: orange where the first is brighter, blue where the second is. */
export function differenceLayers(first: Float32Array, second: Float32Array, limit: number): Layer[] {
  const plane = first.map((value, pixel) => value - second[pixel]!);
  const display = { low: 0, gamma: 1, visible: true };
  return [
    { plane, display: { ...display, colour: "#ff9a1f", high: limit } },
    { plane, display: { ...display, colour: "#2f8fff", high: -limit } },
  ];
}
