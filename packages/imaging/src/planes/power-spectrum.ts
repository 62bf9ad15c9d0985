// The power spectrum of a square image, from which resolution, texture and the traces of a network are read. Sides are those
// of crops (100 pixels), not powers of two, so the transform is the plain one, done for half of the frequencies: the
// spectrum of real values is the same at a frequency and at its opposite.

interface Waves {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

const wavesOfSide = new Map<number, Waves>();

function wavesOf(side: number): Waves {
  const known = wavesOfSide.get(side);
  if (known !== undefined) return known;
  const angles = Float64Array.from({ length: side }, (_, i) => (2 * Math.PI * i) / side);
  const waves = { cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
  wavesOfSide.set(side, waves);
  return waves;
}

/** |DFT|² / side² of a plane [side, side], in the order of the DFT: frequency 0 first, [v, u]. */
export function powerSpectrum(plane: ArrayLike<number>, side: number): Float64Array {
  const half = Math.floor(side / 2) + 1;
  const { cosines, sines } = wavesOf(side);
  // Along rows first, for frequencies up to a half: [u, y], so that columns lie together.
  const [real, imaginary] = [new Float64Array(half * side), new Float64Array(half * side)];
  for (let y = 0; y < side; y++)
    for (let u = 0; u < half; u++) {
      let [re, im] = [0, 0];
      for (let x = 0, phase = 0; x < side; x++) {
        const value = plane[y * side + x]!;
        re += value * cosines[phase]!;
        im -= value * sines[phase]!;
        phase += u;
        if (phase >= side) phase -= side;
      }
      real[u * side + y] = re;
      imaginary[u * side + y] = im;
    }
  const power = new Float64Array(side * side);
  for (let u = 0; u < half; u++)
    for (let v = 0; v < side; v++) {
      let [re, im] = [0, 0];
      for (let y = 0, phase = 0; y < side; y++) {
        const [cos, sin] = [cosines[phase]!, sines[phase]!];
        const [a, b] = [real[u * side + y]!, imaginary[u * side + y]!];
        re += a * cos + b * sin;
        im += b * cos - a * sin;
        phase += v;
        if (phase >= side) phase -= side;
      }
      const value = (re * re + im * im) / side ** 2;
      power[v * side + u] = value;
      power[((side - v) % side) * side + ((side - u) % side)] = value;
    }
  return power;
}

/** Index of a frequency of the DFT as a whole number of cycles per image, negative above a half. */
export function cyclesOf(index: number, side: number): number {
  return index <= side / 2 ? index : index - side;
}
