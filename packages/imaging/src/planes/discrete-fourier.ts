// The discrete Fourier transform of a line of any length, by its prime factors (Cooley & Tukey 1965): crops have sides of 100
// pixels, which are no powers of two. A prime length costs its square.

/** A line of complex numbers. */
export interface ComplexLine {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/** A transform of lines of one length; what is returned is overwritten by the next call. */
export type LineTransform = (line: ComplexLine) => ComplexLine;

const lineOf = (length: number): ComplexLine => ({
  real: new Float64Array(length),
  imaginary: new Float64Array(length),
});

/** Opens the transform: sum over x of line[x] exp(-2πi u x / length), for u from 0. */
export function openLineTransform(length: number): LineTransform {
  const factors = primeFactors(length);
  const angles = Float64Array.from({ length }, (_, i) => (2 * Math.PI * i) / length);
  const [cosines, sines] = [angles.map(Math.cos), angles.map(Math.sin)];
  const { real, imaginary } = lineOf(length);
  const { real: partReal, imaginary: partImaginary } = lineOf(factors.at(-1) ?? 1);

  /** Transforms `size` numbers of `line`, `step` apart from `first`, to `size` numbers from `start`. */
  function transform(line: ComplexLine, first: number, step: number, start: number, level: number): void {
    const size = length / step;
    if (size === 1) {
      real[start] = line.real[first]!;
      imaginary[start] = line.imaginary[first]!;
      return;
    }
    const factor = factors[level]!;
    const inner = size / factor;
    for (let q = 0; q < factor; q++)
      transform(line, first + q * step, step * factor, start + q * inner, level + 1);
    for (let u = 0; u < inner; u++) combine(start + u, inner, factor, u * step);
  }

  /** Joins one number of each of the `factor` inner transforms, `inner` apart, after `turn` 1 / length circles each. */
  function combine(start: number, inner: number, factor: number, turn: number): void {
    // The turns of the inner transforms come first, once; what is left is a transform of `factor` numbers.
    for (let q = 0, at = start, angle = 0; q < factor; q++, at += inner, angle += turn) {
      const cos = cosines[angle]!;
      const sin = sines[angle]!;
      partReal[q] = real[at]! * cos + imaginary[at]! * sin;
      partImaginary[q] = imaginary[at]! * cos - real[at]! * sin;
    }
    const part = length / factor;
    for (let p = 0, at = start, step = 0; p < factor; p++, at += inner, step += part) {
      let re = partReal[0]!;
      let im = partImaginary[0]!;
      for (let q = 1, angle = step; q < factor; q++) {
        const cos = cosines[angle]!;
        const sin = sines[angle]!;
        re += partReal[q]! * cos + partImaginary[q]! * sin;
        im += partImaginary[q]! * cos - partReal[q]! * sin;
        angle += step;
        if (angle >= length) angle -= length;
      }
      real[at] = re;
      imaginary[at] = im;
    }
  }

  return (line) => {
    transform(line, 0, 1, 0, 0);
    return { real, imaginary };
  };
}

/** In ascending order. */
function primeFactors(length: number): number[] {
  const factors: number[] = [];
  for (let rest = length, factor = 2; rest > 1; factor++)
    for (; rest % factor === 0; rest /= factor) factors.push(factor);
  return factors;
}
