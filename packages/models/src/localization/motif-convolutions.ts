// Convolutions that find short patterns of residues at any position: several widths over the residues themselves, and two
// layers that combine what those have found, as the first layers of DeepLoc 1 (Almagro Armenteros et al. 2017,
// doi:10.1093/bioinformatics/btx431). Sorting signals are such patterns, and a small network learns them from far fewer
// proteins than a language model needs.

import {
  add,
  concat,
  conv2d,
  type Dim,
  dropout,
  embedding,
  expandDims,
  fanInUniform,
  fixed,
  gelu,
  mul,
  type RandomSource,
  relu,
  reshape,
  type Tensor,
  transpose,
  type Weights,
} from "@proteoscope/engine";
import { esm2Tokens } from "../esm2/tokenizer.ts";

/** The size of the motif convolutions. */
export interface MotifConfig {
  /** Numbers of residues that patterns span; odd. */
  readonly widths: readonly number[];
  /** Number of patterns of each width. */
  readonly channels: number;
  /** Width of the result. */
  readonly size: number;
}

const residueWidth = 16;
const mixedResidues = 3;
const combinedResidues = 7;

/** Tokens int [B, L] and isShown float [B, L], 0 at padding -> features of each residue's surroundings, [B, L, size]. L may be open. */
export function motifs(
  w: Weights,
  { widths, channels, size }: MotifConfig,
  ids: Tensor,
  isShown: Tensor,
  { random, rate = 0 }: { random?: RandomSource | undefined; rate?: number } = {},
): Tensor {
  const shown = expandDims(expandDims(isShown, 1), 1); // [B, 1, 1, L]
  const residues = embedding(w.at("residues"), ids, esm2Tokens.length, residueWidth); // [B, L, width]
  const line = mul(expandDims(transpose(residues, [0, 2, 1]), 2), shown); // [B, width, 1, L]
  const found = widths.map((width, index) => slide(w.at("found", index), line, channels, width));
  const patterns = mul(relu(concat(found, 1)), shown);
  const mixed = gelu(slide(w.at("mixed"), dropout(patterns, rate, random, "motifs"), size, mixedResidues));
  const combined = add(mixed, gelu(slide(w.at("combined"), mul(mixed, shown), size, combinedResidues)));
  const [batch, , , length] = combined.shape as Dim[];
  return transpose(reshape(combined, [batch!, size, length!]), [0, 2, 1]);
}

/** Convolution along the residues, x [B, C, 1, L] -> [B, outChannels, 1, L]. */
function slide(w: Weights, x: Tensor, outChannels: number, width: number): Tensor {
  const inChannels = fixed(x.shape[1], "motifs", "the channel axis");
  const initializer = fanInUniform(inChannels * width);
  const weight = w.parameter("weight", [outChannels, inChannels, 1, width], initializer);
  const [before, after] = [Math.floor((width - 1) / 2), Math.ceil((width - 1) / 2)];
  const padding = [0, before, 0, after] as const;
  return conv2d(x, weight, w.parameter("bias", [outChannels], initializer), { padding });
}
