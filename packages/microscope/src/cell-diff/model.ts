// CELL-Diff v2 as a microscope (Zheng & Huang 2024, doi:10.1101/2024.10.15.618585): its network on disk, its autoencoder, and what
// its pictures are like.

import type { NdArray } from "@proteoscope/engine";
import type { AutoencoderKlConfig } from "@proteoscope/models";
import { cellDiffStains, type StoredCellDiff } from "@proteoscope/models/released";
import type { Component, ImagingConstants } from "../model/model.ts";

/** CELL-Diff with all that it needs to draw. */
export interface CellDiffModel {
  readonly name: string;
  readonly network: StoredCellDiff;
  readonly autoencoder: Component<AutoencoderKlConfig>;
  /** sha256 of the files by name, where they are known. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** Side of its pictures in pixels. */
export const cellDiffPixels = 256;

/** Width of a pixel in micrometres: weights of the Human Protein Atlas, with three stains, and of OpenCell, with one. */
export function cellDiffPixelSize({ network }: CellDiffModel): number {
  return network.config.numStains === 1 ? 0.206349 : 0.32;
}

/** What a picture of nuclei is brought to: the pixel size and the crop of the model, and the stains that it takes. */
export function cellDiffConstants(
  model: CellDiffModel,
): Pick<ImagingConstants, "pixelSizeMicrons" | "cropPixels" | "stains"> {
  const stains = cellDiffStains.slice(1, model.network.config.numStains) as ("er" | "microtubules")[];
  return { pixelSizeMicrons: cellDiffPixelSize(model), cropPixels: cellDiffPixels, stains };
}

/** The latents that stand for a stain that is missing, as the weights hold them. */
export async function readPlaceholder({ network }: CellDiffModel): Promise<ReadonlyMap<string, NdArray>> {
  const name = "cell_img_placeholder";
  return new Map([[name, await network.tensors.get(name)!.read()]]);
}
