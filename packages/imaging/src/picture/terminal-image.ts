// A picture in the terminal: every character cell is an upper half block whose foreground is the upper pixel and
// whose background is the lower one. 24-bit colour where the terminal says so, else xterm's 256 colours
// (its 6 x 6 x 6 cube and 24 greys, https://invisible-island.net/xterm/xterm.faq.html#color_by_code).

/** 8-bit RGB, row-major: data is [height, width, 3]. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

export type ColorDepth = "truecolor" | "256";

/** The colours a stream can show, or undefined if it should get no picture: no terminal, NO_COLOR, a dumb one. */
export function detectColorDepth(
  stream: { isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): ColorDepth | undefined {
  if (!stream.isTTY || env.NO_COLOR || env.TERM === "dumb") return undefined;
  return /^(truecolor|24bit)$/.test(env.COLORTERM ?? "") ? "truecolor" : "256";
}

/** The picture as text with one line break per row, reduced to at most `columns` characters per line, never enlarged. */
export function renderTerminalImage(
  image: RgbImage,
  options: { columns: number; depth: ColorDepth },
): string {
  const width = Math.max(1, Math.min(image.width, Math.floor(options.columns)));
  const height = Math.max(1, Math.round((image.height * width) / image.width));
  const pixel = reduce(image, width, height);
  const paint = options.depth === "truecolor" ? truecolor : palette256;
  let text = "";
  for (let y = 0; y < height; y += 2) {
    let previous = "";
    for (let x = 0; x < width; x += 1) {
      // Below an odd last row there is nothing: the terminal's own background shows.
      const lower = y + 1 < height ? paint(48, pixel(x, y + 1)) : "49";
      const style = `\u001b[${paint(38, pixel(x, y))};${lower}m`;
      text += style === previous ? "▀" : `${style}▀`;
      previous = style;
    }
    text += "\u001b[0m\n";
  }
  return text;
}

type Rgb = readonly [red: number, green: number, blue: number];

// The mean over the source pixels of each reduced pixel's area.
function reduce(image: RgbImage, width: number, height: number): (x: number, y: number) => Rgb {
  const { data } = image;
  return (x, y) => {
    const x0 = Math.floor((x * image.width) / width);
    const x1 = Math.max(x0 + 1, Math.floor(((x + 1) * image.width) / width));
    const y0 = Math.floor((y * image.height) / height);
    const y1 = Math.max(y0 + 1, Math.floor(((y + 1) * image.height) / height));
    const sum = [0, 0, 0];
    for (let row = y0; row < y1; row += 1) {
      for (let at = (row * image.width + x0) * 3; at < (row * image.width + x1) * 3; at += 3) {
        for (let channel = 0; channel < 3; channel += 1) sum[channel]! += data[at + channel]!;
      }
    }
    const area = (x1 - x0) * (y1 - y0);
    return [Math.round(sum[0]! / area), Math.round(sum[1]! / area), Math.round(sum[2]! / area)];
  };
}

function truecolor(layer: number, [red, green, blue]: Rgb): string {
  return `${layer};2;${red};${green};${blue}`;
}

function palette256(layer: number, [red, green, blue]: Rgb): string {
  return `${layer};5;${nearestPaletteIndex(red, green, blue)}`;
}

const cubeLevels = [0, 95, 135, 175, 215, 255];

/** The index of the nearest of xterm's 240 fixed colours (16 to 255). */
export function nearestPaletteIndex(red: number, green: number, blue: number): number {
  const level = (value: number): number => {
    let best = 0;
    for (let i = 1; i < 6; i += 1) {
      if (Math.abs(cubeLevels[i]! - value) < Math.abs(cubeLevels[best]! - value)) best = i;
    }
    return best;
  };
  const distance = (r: number, g: number, b: number): number =>
    (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
  const [r, g, b] = [level(red), level(green), level(blue)];
  const grey = Math.max(0, Math.min(23, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const greyValue = 8 + 10 * grey;
  const cubeDistance = distance(cubeLevels[r]!, cubeLevels[g]!, cubeLevels[b]!);
  return distance(greyValue, greyValue, greyValue) < cubeDistance ? 232 + grey : 16 + 36 * r + 6 * g + b;
}
