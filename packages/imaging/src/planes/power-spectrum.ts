// The power spectrum of a square image, from which resolution, texture and the traces of a network are read. It is computed for
// half of the frequencies: the spectrum of real values is the same at a frequency and at its opposite.

import { keepResults } from "../keep-results.ts";
import { type LineTransform, openLineTransform } from "./discrete-fourier.ts";

const transformOf = keepResults(openLineTransform);

/** |DFT|² / side² of a plane [side, side], in the order of the DFT: frequency 0 first, [v, u]. */
export function powerSpectrum(plane: ArrayLike<number>, side: number): Float64Array {
  const half = Math.floor(side / 2) + 1;
  const transform = transformOf(side);
  const columns = transformRows(plane, side, half, transform);
  const power = new Float64Array(side * side);
  for (let u = 0; u < half; u++) {
    const column = (values: Float64Array) => values.subarray(u * side, (u + 1) * side);
    const { real, imaginary } = transform({
      real: column(columns.real),
      imaginary: column(columns.imaginary),
    });
    for (let v = 0; v < side; v++) {
      const value = (real[v]! * real[v]! + imaginary[v]! * imaginary[v]!) / side ** 2;
      power[v * side + u] = value;
      power[((side - v) % side) * side + ((side - u) % side)] = value;
    }
  }
  return power;
}

/** Transforms of the rows for frequencies below `half`, as [u, y]: two rows at a time, as the real and the imaginary part of one. */
function transformRows(plane: ArrayLike<number>, side: number, half: number, transform: LineTransform) {
  const columns = { real: new Float64Array(half * side), imaginary: new Float64Array(half * side) };
  const rows = { real: new Float64Array(side), imaginary: new Float64Array(side) };
  for (let y = 0; y < side; y += 2) {
    const hasNext = y + 1 < side;
    for (let x = 0; x < side; x++) {
      rows.real[x] = plane[y * side + x]!;
      rows.imaginary[x] = hasNext ? plane[(y + 1) * side + x]! : 0;
    }
    const { real, imaginary } = transform(rows);
    for (let u = 0; u < half; u++) {
      const opposite = u === 0 ? 0 : side - u;
      columns.real[u * side + y] = (real[u]! + real[opposite]!) / 2;
      columns.imaginary[u * side + y] = (imaginary[u]! - imaginary[opposite]!) / 2;
      if (!hasNext) continue;
      columns.real[u * side + y + 1] = (imaginary[u]! + imaginary[opposite]!) / 2;
      columns.imaginary[u * side + y + 1] = (real[opposite]! - real[u]!) / 2;
    }
  }
  return columns;
}

/** Index of a frequency of the DFT as a whole number of cycles per image, negative above a half. */
export function cyclesOf(index: number, side: number): number {
  return index <= side / 2 ? index : index - side;
}

/**
 * Opens a lookup of the band of each frequency of a spectrum [side, side]; it is computed once per side. `bandOf` takes
 * whole cycles per image along x and y; -1 is no band.
 */
export function openFrequencyBands(
  bandOf: (cyclesX: number, cyclesY: number, side: number) => number,
): (side: number) => Int32Array {
  return keepResults((side: number) =>
    Int32Array.from({ length: side * side }, (_, i) =>
      bandOf(cyclesOf(i % side, side), cyclesOf(Math.floor(i / side), side), side),
    ),
  );
}
