// A protein in the feature space of images: what the model generates of it around nuclei of its library, as the classifier
// takes it.

import { type NucleusLibrary, pickNucleus } from "@proteoscope/imaging";
import type { GenerateSettings, NamedSequence } from "../generate/request.ts";
import type { Microscope } from "../image/generate.ts";

/** How many cells a protein is drawn in, and how. */
export interface DrawProteinOptions
  extends Partial<Pick<GenerateSettings, "steps" | "sampler" | "guidance" | "seed">> {
  /** Number of nuclei, each with other noise. Default 4. */
  readonly cells?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every step of every batch of cells. */
  readonly onStep?: ((done: number, total: number) => void) | undefined;
}

/** Cells [3, S, S] of a protein: protein and nucleus as generated, and the nuclear distance. @throws as `Microscope.encode`. */
export async function drawProteinCells(
  microscope: Microscope,
  library: NucleusLibrary,
  { sequence, gene }: Pick<NamedSequence, "sequence" | "gene">,
  { cells: count = 4, seed = 0, signal, onStep, ...settings }: DrawProteinOptions = {},
): Promise<Float32Array[]> {
  const cells = Array.from({ length: count }, (_, i) => ({
    ...pickNucleus(library, seed + i),
    seed: seed + i,
  }));
  const encoded = await microscope.encode(sequence, { gene });
  const options = { ...settings, samples: 1, ...(signal && { signal }), ...(onStep && { onStep }) };
  const drawn = await microscope.generateCells(encoded, cells, options);
  return drawn.map(({ images }, index) => {
    const planes = new Float32Array((images.length / 2) * 3);
    planes.set(images);
    planes.set(cells[index]!.distance, images.length);
    return planes;
  });
}
