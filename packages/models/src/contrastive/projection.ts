// Projection heads: two linear layers with a shortcut around the second, and a normalisation. Three networks begin with the
// protein's head, which has an optional bottleneck over the residues and their mean before it.
//
// Numerics and parameter names are the original's (proteoclip, proteotriplet and proteocytoclass share them).

import {
  add,
  dropout,
  gelu,
  layerNorm,
  linear,
  type RandomSource,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import { maskedMean } from "../esm2/masked-mean.ts";
import {
  type EsmBottleneckConfig,
  type EsmBottleneckInputs,
  esmBottleneck,
} from "../localization/bottleneck.ts";

/** The dropout of a projection head. */
export interface ProjectionHeadOptions {
  /** Dropout before the shortcut is added, in training alone. */
  readonly rate: number;
  readonly random?: RandomSource | undefined;
  /** Name of this head's random numbers. */
  readonly name: string;
}

/** Projects x [B, D] -> [B, size]. */
export function projectionHead(
  w: Weights,
  x: Tensor,
  size: number,
  { rate, random, name }: ProjectionHeadOptions,
): Tensor {
  const projected = linear(w.at("projection"), x, size);
  const refined = dropout(linear(w.at("fc"), gelu(projected), size), rate, random, name);
  return layerNorm(w.at("layer_norm"), add(refined, projected));
}

/** The sizes of the protein's head; field names are those of the original's configuration. */
export interface ProteinProjectionConfig {
  /** Width of a residue's embedding. */
  readonly proteinEmbeddingDims: number;
  readonly projectionDims: number;
  readonly dropout: number;
  /** The network on the residues before their mean is taken; null where there is none. */
  readonly esmBottleneck: EsmBottleneckConfig | null;
}

/** The original's sizes, for embeddings of ESM2 3B. */
export const proteinProjectionDefaults: ProteinProjectionConfig = {
  proteinEmbeddingDims: 2560,
  projectionDims: 1024,
  dropout: 0.2,
  esmBottleneck: null,
};

/** Residue embeddings [B, L, proteinEmbeddingDims] -> embeddings of the proteins [B, projectionDims]. L may be open. */
export function projectProteins(
  w: Weights,
  { projectionDims, dropout: rate, esmBottleneck: bottleneck }: ProteinProjectionConfig,
  inputs: EsmBottleneckInputs,
  { random }: { random?: RandomSource | undefined } = {},
): Tensor {
  const { sequence, mask } =
    bottleneck === null ? inputs : esmBottleneck(w.at("esm_bottleneck"), bottleneck, inputs, { random });
  const head = w.at("protein_projection");
  return projectionHead(head, maskedMean(sequence, mask), projectionDims, { rate, random, name: "protein" });
}
