// Grey pictures in rows and columns as one PNG: what a run looks like at a glance.
// A run folder keeps one for each validation, so that its progress can be leafed through.

import { writePng } from "@proteoscope/formats";

const gap = 2;

/** A PNG of rows of square pictures [side, side] with values in [0, 1]; rows may differ in length. */
export function drawGrid(rows: readonly (readonly Float32Array[])[], side: number): Uint8Array {
  const columns = Math.max(...rows.map((row) => row.length));
  const width = columns * (side + gap) - gap;
  const height = rows.length * (side + gap) - gap;
  const data = new Uint8Array(width * height);
  for (const [row, pictures] of rows.entries()) {
    for (const [column, picture] of pictures.entries()) {
      const corner = row * (side + gap) * width + column * (side + gap);
      for (let i = 0; i < side * side; i++) {
        const value = Math.round(255 * Math.min(1, Math.max(0, picture[i]!)));
        data[corner + Math.floor(i / side) * width + (i % side)] = value;
      }
    }
  }
  return writePng({ width, height, channels: 1, depth: 8, data });
}
