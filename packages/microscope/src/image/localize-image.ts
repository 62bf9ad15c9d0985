// Locations that a protein's stain shows in pictures of cells, by SubCell: one row per cell, with the embedding of the cell.
// A picture is brought to the pixel size of the training images, because the network knows structures by their size.

import { compile, f32, float32, type Runtime, type Tensor } from "@proteoscope/engine";
import { ProteoscopeError } from "@proteoscope/formats";
import { resamplePlane } from "@proteoscope/imaging";
import {
  normalizeSubcell,
  type SubcellConfig,
  type SubcellStain,
  subcell,
  subcellLocations,
  subcellPixelSizeMicrons,
} from "@proteoscope/models/released";
import type { Component } from "../model/model.ts";
import type { WorkOptions } from "../progress.ts";
import { type CompartmentProbabilities, mostProbable } from "../protein/probabilities.ts";

/** A picture of one cell: one plane per stain, all of one size. */
export interface CellImage {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Width of a pixel in micrometres; where it is not known, pixels are taken for those of the training images. */
  readonly pixelSizeMicrons?: number | undefined;
  /** Intensities by stain, [height, width], in one unit for all. */
  readonly planes: Readonly<Partial<Record<SubcellStain, Float32Array>>>;
}

/** The locations of one cell. */
export interface LocalizedImage {
  readonly id: string;
  /** The most probable location; undefined for an encoder without classifiers. */
  readonly location: string | undefined;
  /** Multi-label: each location by itself. */
  readonly probabilities: CompartmentProbabilities | undefined;
  /** The cell's embedding; those of other encoders are of another space. */
  readonly embedding: Float32Array;
  /** Size of the picture as the network saw it, in pixels. */
  readonly shownWidth: number;
  readonly shownHeight: number;
}

/** Largest side that the network is shown, in pixels of the training images: 82 micrometres, more than one cell. */
const largestSide = 1024;

/** A picture that the network cannot be shown; `image` is its id. */
export class CellImageError extends ProteoscopeError {
  override readonly name = "CellImageError";

  constructor(
    readonly image: string,
    fault: string,
  ) {
    super(`${image}: ${fault}`, { kind: "data" });
  }
}

/**
 * Localizes the protein in each picture, in their order; a picture that cannot be shown gives its error instead, and does
 * not end the others. @throws the signal's reason when it is aborted.
 */
export async function* localizeImages(
  runtime: Runtime,
  encoder: Component<SubcellConfig>,
  cells: AsyncIterable<CellImage | CellImageError> | Iterable<CellImage | CellImageError>,
  { signal, onProgress, total = 0 }: Partial<WorkOptions> & { readonly total?: number } = {},
): AsyncGenerator<LocalizedImage | CellImageError, void, undefined> {
  const programs = new Map<string, Promise<SubcellProgram>>();
  const programOf = (height: number, width: number): Promise<SubcellProgram> => {
    const key = `${height}x${width}`;
    const program = programs.get(key) ?? openProgram(runtime, encoder, { height, width });
    programs.set(key, program);
    return program;
  };
  let done = 0;
  try {
    for await (const cell of cells) {
      signal?.throwIfAborted();
      yield cell instanceof CellImageError ? cell : await localizeOne(cell, encoder.config, programOf);
      done += 1;
      onProgress?.({ phase: "localize-image", done, total, unit: "images" });
    }
  } finally {
    for (const program of programs.values()) await (await program).close();
  }
}

type SubcellProgram = Awaited<ReturnType<typeof openProgram>>;

interface Size {
  readonly height: number;
  readonly width: number;
}

function openProgram(runtime: Runtime, { config, weights }: Component<SubcellConfig>, size: Size) {
  return compile(
    runtime,
    (w, { x }): Record<string, Tensor> => {
      const { embedding, probabilities } = subcell(w, config, x);
      return { embedding, ...(probabilities && { probabilities }) };
    },
    { x: f32(1, config.stains.length, size.height, size.width) },
    { weights },
  );
}

async function localizeOne(
  cell: CellImage,
  config: SubcellConfig,
  programOf: (height: number, width: number) => Promise<SubcellProgram>,
): Promise<LocalizedImage | CellImageError> {
  const missing = config.stains.find((stain) => cell.planes[stain] === undefined);
  if (missing !== undefined) return new CellImageError(cell.id, `has no plane of ${missing}`);
  const scale = cell.pixelSizeMicrons === undefined ? 1 : cell.pixelSizeMicrons / subcellPixelSizeMicrons;
  const shownSide = (side: number): number =>
    Math.max(1, Math.round((side * scale) / config.patchSize)) * config.patchSize;
  const size = { height: shownSide(cell.height), width: shownSide(cell.width) };
  if (Math.max(size.height, size.width) > largestSide)
    return new CellImageError(
      cell.id,
      `is ${cell.width}x${cell.height} pixels, ${size.width}x${size.height} at ${subcellPixelSizeMicrons} micrometres: cut it to one cell of at most ${largestSide}`,
    );
  const { protein } = cell.planes;
  if (protein?.every((value) => value === protein[0]))
    return new CellImageError(cell.id, `shows no protein: every pixel of its plane is ${protein[0]}`);
  const planes = config.stains.map((stain) => resamplePlane(cell.planes[stain]!, cell, size));
  const data = normalizeSubcell(planes);
  if (!data.every(Number.isFinite)) return new CellImageError(cell.id, "has values that are no numbers");
  const program = await programOf(size.height, size.width);
  const x = float32([1, planes.length, size.height, size.width], data);
  const { embedding, probabilities } = await program.run({ x });
  const outputs = [embedding!, ...(probabilities ? [probabilities] : [])];
  if (!outputs.every((output) => (output.data as Float32Array).every(Number.isFinite)))
    throw new ProteoscopeError(
      "the encoder's outputs are no numbers: its weights are damaged, fetch them again",
      { kind: "data" },
    );
  const named =
    probabilities &&
    Object.fromEntries(subcellLocations.map((name, index) => [name, Number(probabilities.data[index])]));
  return {
    id: cell.id,
    location: named && mostProbable(named),
    probabilities: named,
    embedding: embedding!.data as Float32Array,
    shownWidth: size.width,
    shownHeight: size.height,
  };
}
