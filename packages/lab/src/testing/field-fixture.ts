// Made-up fields of view for tests of imports: round nuclei with a DNA stain, and a protein in them or around them in small
// patches, at a given pixel size. Positions in micrometres are the same at every pixel size.

import { createGenerator } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";

export interface DrawnField {
  readonly height: number;
  readonly width: number;
  /** Raw intensities, [H, W]. */
  readonly nucleus: Uint16Array;
  readonly protein: Uint16Array;
}

const [nucleusMicrons, spacingMicrons] = [7, 26]; // radius, distance between centres

/** A field of 3 x 3 cells, 85 um wide; `mixed` has the protein in the nuclei of the first row and around the others. */
export function drawField(seed: number, pixelSizeMicrons: number, isNuclear: boolean | "mixed"): DrawnField {
  const side = Math.round(85 / pixelSizeMicrons);
  const shifts = createGenerator(seed, "field").uniform(18);
  const noise = createGenerator(seed, "pixels", Math.round(1e4 * pixelSizeMicrons)).uniform(2 * side * side);
  const patches = createGenerator(seed, "patches").uniform(64 * 64);
  const [nucleus, protein] = [new Uint16Array(side * side), new Uint16Array(side * side)];
  for (let pixel = 0; pixel < side * side; pixel++) {
    const [x, y] = [(pixel % side) * pixelSizeMicrons, Math.floor(pixel / side) * pixelSizeMicrons];
    let [nearest, nearestCell] = [Infinity, 0];
    for (let cell = 0; cell < 9; cell++) {
      const centreX = 16 + spacingMicrons * (cell % 3) + 3 * shifts[2 * cell]!;
      const centreY = 16 + spacingMicrons * Math.floor(cell / 3) + 3 * shifts[2 * cell + 1]!;
      const distance = Math.hypot(x - centreX, y - centreY);
      if (distance < nearest) [nearest, nearestCell] = [distance, cell];
    }
    const isInside = nearest < nucleusMicrons;
    const isPatch = patches[(Math.floor(y / 1.4) % 64) * 64 + (Math.floor(x / 1.4) % 64)]! > 0.6;
    const shows = (isNuclear === "mixed" ? nearestCell < 3 : isNuclear)
      ? isInside
      : !isInside && nearest < 11 && isPatch;
    nucleus[pixel] = 100 + (isInside ? 2000 : 0) + 60 * noise[2 * pixel]!;
    protein[pixel] = 100 + (shows ? 1500 : 0) + 60 * noise[2 * pixel + 1]!;
  }
  return { height: side, width: side, nucleus, protein };
}

/** Both channels as [2, H, W]: nucleus, protein. */
export function stackOf({ height, width, nucleus, protein }: DrawnField): NdArray {
  const data = new Uint16Array(2 * height * width);
  data.set(nucleus);
  data.set(protein, height * width);
  return { dtype: "uint16", shape: [2, height, width], data };
}
