// One crop of a protein: the structures of its compartments, each by its renderer, added by their shares, broken into
// granules and seen by a microscope whose gain is the same for all crops, so that brightness shows abundance.

import { type CellField, growCells } from "../simulate/cell-field.ts";
import { compartmentLooks } from "../simulate/compartments/renderers.ts";
import { createDraws, type Draws } from "../simulate/draws.ts";
import { gaussianBlur } from "../simulate/gaussian-blur.ts";
import { brightestOf } from "../simulate/imaging.ts";
import type { NucleusPicture } from "../simulate/nucleus-pictures.ts";
import { cloudNoise } from "../simulate/smooth-noise.ts";
import type { Phenotype, RuledCompartment } from "./rule.ts";

/** A crop with what is true of it. */
export interface RenderedCrop {
  /** [N, N, 3]: protein, nucleus, mask of the nuclei (0 or 255). */
  readonly bytes: Uint8Array;
  /** Number of the cell at each pixel from 1, 0 outside cells. [N, N] */
  readonly cells: Uint8Array;
  /** Shares of the crop's light that come from each compartment of the mixture; they sum to 1. */
  readonly light: Readonly<Partial<Record<RuledCompartment, number>>>;
}

const attempts = 6;
const photons = 900; // of brightness 1
const readNoise = 0.006;
const mostGranular = 0.75; // of the light: the rest shows the compartment

/**
 * Renders a crop; undefined where these nuclei have no room for a compartment of the protein.
 * @param names what the random numbers of the crop are keyed by, in addition to the seed
 */
export function renderProtein(
  picture: NucleusPicture,
  phenotype: Phenotype,
  seed: number,
  ...names: readonly (string | number)[]
): RenderedCrop | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const draws = createDraws(seed, ...names, attempt);
    const field = growCells(picture.labels, picture.side, draws);
    const parts = renderParts(picture, field, phenotype, draws);
    if (parts === undefined) continue;
    const sums = parts.map(([name, plane]) => [name, plane.reduce((sum, x) => sum + x, 0)] as const);
    const total = sums.reduce((sum, [, light]) => sum + light, 0);
    const protein = photograph(addPlanes(parts), field, phenotype, draws);
    return {
      bytes: interleave(protein, picture),
      cells: Uint8Array.from(field.owner, (owner) => owner + 1),
      light: Object.fromEntries(sums.map(([name, light]) => [name, light / total])),
    };
  }
  return undefined;
}

type Part = readonly [RuledCompartment, Float32Array];

/** The light of each compartment of the mixture, its brightest structures at its share; undefined if one has no room. */
function renderParts(
  { nucleus, side }: NucleusPicture,
  field: CellField,
  { mixture }: Phenotype,
  draws: Draws,
): Part[] | undefined {
  const parts: Part[] = [];
  for (const [name, share] of Object.entries(mixture) as [RuledCompartment, number][]) {
    if (share === 0) continue;
    const { render, over } = compartmentLooks[name];
    const scene = {
      ...{ field, draws, overlap: draws.between(...over) },
      nucleus: Float32Array.from(nucleus, (value) => value / 255),
    };
    const structure = gaussianBlur(render(scene), side, 0.6);
    const brightest = brightestOf(structure);
    if (!(brightest > 0)) return undefined;
    parts.push([name, structure.map((value) => (share * Math.max(0, value)) / brightest)]);
  }
  return parts;
}

function addPlanes(parts: readonly Part[]): Float32Array {
  const sum = new Float32Array(parts[0]![1].length);
  for (const [, plane] of parts) for (let i = 0; i < sum.length; i++) sum[i]! += plane[i]!;
  return sum;
}

/** Bytes [N, N] of the light of a protein of this granularity and abundance. */
function photograph(
  light: Float32Array,
  { side, owner, cells }: CellField,
  { granularity, abundance }: Phenotype,
  draws: Draws,
): Uint8Array {
  const share = mostGranular * granularity;
  const noise = cloudNoise(side, 3.5, draws, 1);
  const granules = noise.map((value) => 4.5 * Math.max(0, value - 0.6)); // few and bright, mean about 1
  const brightness = (0.35 + 0.65 * abundance) * Math.exp(0.08 * draws.normal());
  const seen = gaussianBlur(
    light.map((value, pixel) => {
      const cell = cells[owner[pixel]!]?.brightness ?? 1;
      return brightness * cell * value * (1 - share + share * granules[pixel]!);
    }),
    side,
    0.5,
  );
  const grain = draws.normals(seen.length);
  return Uint8Array.from(seen, (value, pixel) => {
    const clean = Math.max(0, value);
    const counted = clean + Math.sqrt(clean / photons + readNoise ** 2) * grain[pixel]!;
    return Math.round(255 * Math.min(1, Math.max(0, 0.85 * counted)));
  });
}

function interleave(protein: Uint8Array, { nucleus, labels }: NucleusPicture): Uint8Array {
  const bytes = new Uint8Array(3 * protein.length);
  for (const [pixel, value] of protein.entries())
    bytes.set([value, nucleus[pixel]!, labels[pixel]! > 0 ? 255 : 0], 3 * pixel);
  return bytes;
}
