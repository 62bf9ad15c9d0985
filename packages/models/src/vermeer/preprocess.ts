// From a stain's picture to what Vermeer's tokenizer takes, integer by integer as its makers did it: Lanczos resampling by
// Pillow's rules (Resample.c: 8 bits in fixed point, 16 bits in doubles, horizontally first, rounded between), a stretch
// between the 1st and the 99th percentile, and two cuts to whole numbers.

/** A picture of whole numbers, 8 or 16 bits. [height, width] */
export interface StainPicture {
  readonly values: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
}

/** Number of lobes of the kernel on either side. */
const lobes = 3;
const fixedPointBits = 22;

function lanczos(x: number): number {
  if (x < -lobes || x >= lobes) return 0;
  const sinc = (t: number) => (t === 0 ? 1 : Math.sin(t * Math.PI) / (t * Math.PI));
  return sinc(x) * sinc(x / lobes);
}

interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** The source samples of every target sample, with weights that sum to 1. */
function tapsOf(source: number, target: number): Taps[] {
  const scale = source / target;
  const stretch = Math.max(scale, 1);
  const support = lobes * stretch;
  return Array.from({ length: target }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(source, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - first }, (_, tap) =>
      lanczos((tap + first - centre + 0.5) * (1 / stretch)),
    );
    const total = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight * (1 / total)) };
  });
}

/** Resizes a picture by Lanczos' kernel. */
export function resizeLanczos(
  picture: StainPicture,
  { width, height }: { readonly width: number; readonly height: number },
): StainPicture {
  const across = resampleRows(picture, width);
  return transposed(resampleRows(transposed(across), height));
}

function resampleRows({ values, width, height }: StainPicture, target: number): StainPicture {
  if (width === target) return { values, width, height };
  const isByte = values instanceof Uint8Array;
  const taps = tapsOf(width, target);
  const unit = 2 ** fixedPointBits;
  const rounded = taps.map(({ first, weights }) => ({
    first,
    weights: isByte
      ? weights.map((weight) => Math.trunc(weight * unit + (weight < 0 ? -0.5 : 0.5)))
      : weights,
  }));
  const result = isByte ? new Uint8Array(target * height) : new Uint16Array(target * height);
  const most = isByte ? 255 : 65535;
  for (let row = 0; row < height; row += 1)
    for (const [column, { first, weights }] of rounded.entries()) {
      let sum = isByte ? unit / 2 : 0;
      for (const [tap, weight] of weights.entries()) sum += values[row * width + first + tap]! * weight;
      const value = isByte ? Math.floor(sum / unit) : Math.floor(sum + 0.5);
      result[row * target + column] = Math.min(most, Math.max(0, value));
    }
  return { values: result, width: target, height };
}

function transposed({ values, width, height }: StainPicture): StainPicture {
  const result = values.slice();
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      result[column * height + row] = values[row * width + column]!;
  return { values: result, width: height, height: width };
}

/** The 1st and the 99th percentile of whole numbers, between neighbours by their distance. */
export function stretchLimits(values: ArrayLike<number>): readonly [low: number, high: number] {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
    const fraction = place - below;
    // As NumPy: from the nearer of the two, so that the result does not depend on the side.
    return fraction >= 0.5 ? high - (high - low) * (1 - fraction) : low + (high - low) * fraction;
  };
  return [at(0.01), at(0.99)];
}

/** A picture resized to a square, stretched to [0, 1] by whole steps of its own depth. [side, side] */
export function unitStain(picture: StainPicture, side: number): Float32Array {
  const { values } = resizeLanczos(picture, { width: side, height: side });
  const [low, high] = stretchLimits(values);
  const most = values instanceof Uint8Array ? 255 : 65535;
  return Float32Array.from(values, (value) => {
    const held = Math.min(high, Math.max(low, value));
    return Math.trunc((low === high ? held / most : (held - low) / (high - low)) * most) / most;
  });
}

/** The picture as the tokenizer takes it: `unitStain`, cut to 256 values, in [-1, 1]. [side, side] */
export function prepareStain(picture: StainPicture, side: number): Float32Array {
  return unitStain(picture, side).map((value) => (cutToByte(value) / 255 - 0.5) / 0.5);
}

/** A value in [0, 1] as a byte, cut and not rounded, in single precision. */
export function cutToByte(value: number): number {
  return Math.trunc(Math.fround(value * 255));
}
