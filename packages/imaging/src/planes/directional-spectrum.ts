// Power by frequency and direction: a pattern that a network leaves in its pictures stands out in one direction of the
// finest frequencies, where the texture of cells has none. Images are windowed (Hann), so that a border where the
// picture is cut does not pass for horizontal and vertical detail.

import { keepResults } from "../keep-results.ts";
import { openFrequencyBands, powerSpectrum } from "./power-spectrum.ts";

/** Numbers of bands and of directions of a spectrum. */
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
  const power = windowedSpectrum(plane, side);
  const sums = new Float64Array(bands * directions);
  const counts = new Float64Array(bands * directions);
  const cells = sectorsOf(bands)(directions)(side);
  for (let i = 0; i < power.length; i++) {
    const cell = cells[i]!;
    if (cell < 0) continue;
    sums[cell]! += power[i]!;
    counts[cell]!++;
  }
  return sums.map((sum, i) => sum / Math.max(1, counts[i]!));
}

/** Position of each frequency in [bands, directions]. */
const sectorsOf = keepResults((bands: number) =>
  keepResults((directions: number) =>
    openFrequencyBands((x, y, side) => {
      const [fx, fy] = [x / side, y / side];
      const band = Math.floor(Math.hypot(fx, fy) * 2 * bands);
      if (band >= bands || (x === 0 && y === 0)) return -1;
      const turn = Math.atan2(fy, fx) / Math.PI; // of a half circle
      return band * directions + (Math.round((turn + 1) * directions) % directions);
    }),
  ),
);

/** The direction and band of frequency whose power stands out most from its neighbours. */
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

/** The power spectrum of the windowed plane less its mean, [N, N]. */
function windowedSpectrum(plane: ArrayLike<number>, side: number): Float64Array {
  const { taper, total } = windowOf(side);
  let mean = 0;
  for (let i = 0; i < taper.length; i++) mean += (taper[i]! * plane[i]!) / total;
  const windowed = new Float64Array(taper.length);
  for (let i = 0; i < taper.length; i++) windowed[i] = taper[i]! * (plane[i]! - mean);
  return powerSpectrum(windowed, side);
}

/** The window [side, side] and its sum. */
const windowOf = keepResults((side: number) => {
  const line = Float64Array.from({ length: side }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / side) ** 2);
  const taper = Float64Array.from(
    { length: side * side },
    (_, i) => line[i % side]! * line[Math.floor(i / side)]!,
  );
  return { taper, total: taper.reduce((sum, value) => sum + value, 0) };
});
