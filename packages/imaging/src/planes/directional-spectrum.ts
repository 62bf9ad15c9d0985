// Power by frequency and direction: a pattern that a network leaves in its pictures stands out in one direction of the
// finest frequencies, where the texture of cells has none. Images are windowed (Hann), so that a border where the
// picture is cut does not pass for horizontal and vertical detail.

export interface SpectrumOptions {
  /** Bands of equal width up to half a cycle per pixel. Default 5. */
  readonly bands?: number;
  /** Sectors of equal width over the half circle; the first is centred on detail that changes along x. Default 8. */
  readonly directions?: number;
}

/** Mean power per frequency of a square plane, [bands, directions], its mean left out. */
export function directionalSpectrum(
  plane: ArrayLike<number>,
  side: number,
  { bands = 5, directions = 8 }: SpectrumOptions = {},
): Float64Array {
  const power = powerSpectrum(plane, side);
  const sums = new Float64Array(bands * directions);
  const counts = new Float64Array(bands * directions);
  const cycles = (index: number) => (index <= side / 2 ? index : index - side) / side;
  for (let v = 0; v < side; v++) {
    for (let u = 0; u < side; u++) {
      const [fx, fy] = [cycles(u), cycles(v)];
      const band = Math.floor(Math.hypot(fx, fy) * 2 * bands);
      if (band >= bands || (u === 0 && v === 0)) continue;
      const turn = Math.atan2(fy, fx) / Math.PI; // of a half circle
      const sector = Math.round((turn + 1) * directions) % directions;
      sums[band * directions + sector]! += power[v * side + u]!;
      counts[band * directions + sector]!++;
    }
  }
  return sums.map((sum, i) => sum / Math.max(1, counts[i]!));
}

export interface DirectionalPeak {
  readonly ratio: number;
  readonly band: number;
  readonly direction: number;
}

/** The sector whose power is the largest multiple of the mean of its two neighbours' in the same band. */
export function strongestDirection(
  spectrum: Float64Array,
  directions: number,
  fromBand = 0,
): DirectionalPeak {
  const peaks = Array.from(spectrum, (power, i): DirectionalPeak => {
    const [band, direction] = [Math.floor(i / directions), i % directions];
    const neighbour = (step: number) =>
      spectrum[band * directions + ((direction + step + directions) % directions)]!;
    return { band, direction, ratio: power / ((neighbour(-1) + neighbour(1)) / 2) };
  });
  return peaks
    .filter(({ band }) => band >= fromBand)
    .reduce((best, peak) => (peak.ratio > best.ratio ? peak : best));
}

/** |DFT|^2 / N^2 of the windowed plane less its mean, [N, N]; frequencies in the order of the DFT. */
function powerSpectrum(plane: ArrayLike<number>, side: number): Float64Array {
  const taper = Float64Array.from({ length: side }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / side) ** 2);
  const tapers = Float64Array.from(
    { length: side * side },
    (_, i) => taper[i % side]! * taper[Math.floor(i / side)]!,
  );
  const total = tapers.reduce((sum, value) => sum + value, 0);
  const mean = tapers.reduce((sum, value, i) => sum + value * plane[i]!, 0) / total;
  const windowed = tapers.map((value, i) => value * (plane[i]! - mean));
  const real = transformRows(...transformRows(windowed, undefined, side), side);
  return real[0].map((value, i) => (value ** 2 + real[1][i]! ** 2) / side ** 2);
}

type Complex = [real: Float64Array, imaginary: Float64Array];

/** The DFT along rows, transposed, so that twice is both axes, the right way up. */
function transformRows(real: Float64Array, imaginary: Float64Array | undefined, side: number): Complex {
  const angles = Float64Array.from({ length: side }, (_, i) => (2 * Math.PI * i) / side);
  const [cosines, sines] = [angles.map(Math.cos), angles.map(Math.sin)];
  const result: Complex = [new Float64Array(side * side), new Float64Array(side * side)];
  for (let y = 0; y < side; y++)
    for (let u = 0; u < side; u++) {
      let [re, im] = [0, 0];
      for (let x = 0, phase = 0; x < side; x++, phase = (phase + u) % side) {
        const [cos, sin] = [cosines[phase]!, sines[phase]!];
        const [a, b] = [real[y * side + x]!, imaginary === undefined ? 0 : imaginary[y * side + x]!];
        re += a * cos + b * sin;
        im += b * cos - a * sin;
      }
      result[0][u * side + y] = re;
      result[1][u * side + y] = im;
    }
  return result;
}
