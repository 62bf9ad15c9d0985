// What a compartment's renderer is given, and the steps that renderers share: filling a cell, and choosing places in it.
// A renderer lays dye; the microscope comes after it.

import { cumulate, drawIndex } from "../batches/weighted-sampler.ts";
import type { Point } from "./canvas.ts";
import { type CellField, isCytoplasm, type SimulatedCell } from "./cell-field.ts";
import type { Draws } from "./draws.ts";
import { cloudNoise } from "./smooth-noise.ts";

export interface Scene {
  readonly field: CellField;
  /** The DNA stain in [0, 1]. [N, N] */
  readonly nucleus: Float32Array;
  /** How much of the light of the cytoplasm's structures is seen over nuclei, from above and below them: 0 to 1. */
  readonly overlap: number;
  readonly draws: Draws;
}

/** Dye in arbitrary units, before the microscope. [N, N] */
export type Renderer = (scene: Scene) => Float32Array;

export interface FillOptions {
  readonly cytoplasm: number;
  readonly nucleus: number;
  /** Relative deviation of the texture. Default 0.15. */
  readonly texture?: number;
  /** Default 6. */
  readonly featurePixels?: number;
  /** Bodies thin out over so many pixels towards their border. Default 2. */
  readonly thinningPixels?: number;
}

/** Dye all over the cells, with a texture, thinner towards the border. */
export function fillCells({ field, draws }: Scene, options: FillOptions): Float32Array {
  const { cytoplasm, nucleus, texture = 0.15, featurePixels = 6, thinningPixels = 2 } = options;
  const noise = cloudNoise(field.side, featurePixels, draws);
  return field.edge.map((edge, pixel) => {
    if (field.owner[pixel]! < 0) return 0;
    const level = isCytoplasm(field, pixel) ? cytoplasm : nucleus;
    return level * Math.max(0, 1 + texture * noise[pixel]!) * (1 - Math.exp(-edge / thinningPixels));
  });
}

/** How bright a structure of the cytoplasm is seen at a pixel: 1 in the cytoplasm, dimmer over nuclei, 0 outside cells. */
export function cytoplasmicShare({ field, overlap }: Scene, pixel: number): number {
  if (field.owner[pixel]! < 0) return 0;
  return isCytoplasm(field, pixel) ? 1 : overlap;
}

/** A source of places in a cell, each pixel as likely as its weight says; undefined where no pixel has any. */
export function choosePlaces(
  { field, draws }: Scene,
  cell: SimulatedCell,
  weightOf: (pixel: number) => number,
): (() => Point) | undefined {
  const weights = Float64Array.from(cell.pixels, weightOf);
  if (!weights.some((weight) => weight > 0)) return undefined;
  const sums = cumulate(weights);
  return () => {
    const pixel = cell.pixels[drawIndex(sums, draws.between(0, 1))]!;
    return {
      x: (pixel % field.side) + draws.between(-0.5, 0.5),
      y: Math.floor(pixel / field.side) + draws.between(-0.5, 0.5),
    };
  };
}
