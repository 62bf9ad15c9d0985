// One space for images and proteins: the latents of a finished autoencoder and the residues' embeddings of a finished
// language model, each through a head of its own. Two networks are made of it, which differ in what they learn by:
// clip.ts and triplet.ts.

import {
  add,
  div,
  formatShape,
  mul,
  product,
  type RandomSource,
  reshape,
  ShapeError,
  sqrt,
  sum,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";
import {
  type ProteinProjectionConfig,
  projectionHead,
  projectProteins,
  proteinProjectionDefaults,
} from "./projection.ts";

export interface JointEmbeddingConfig extends ProteinProjectionConfig {
  /** Numbers in the latents of an image. */
  readonly imageEmbeddingDims: number;
}

/** The original's sizes: latents of 4x25x25. */
export const jointEmbeddingDefaults: JointEmbeddingConfig = {
  ...proteinProjectionDefaults,
  imageEmbeddingDims: 2500,
};

interface Options {
  readonly random?: RandomSource | undefined;
}

/** Latents as the autoencoder gives them, [B, ...], -> [B, projectionDims]. @throws ShapeError for another size. */
export function projectImages(
  w: Weights,
  { imageEmbeddingDims, projectionDims, dropout: rate }: JointEmbeddingConfig,
  latents: Tensor,
  { random }: Options = {},
): Tensor {
  const [batch, ...rest] = latents.shape;
  if (product(rest) !== imageEmbeddingDims)
    throw new ShapeError(
      `projectImages: latents ${formatShape(latents.shape)} do not have ${imageEmbeddingDims} numbers an image`,
    );
  const flat = reshape(latents, [batch!, imageEmbeddingDims]);
  return projectionHead(w.at("image_projection"), flat, projectionDims, { rate, random, name: "image" });
}

export interface JointInputs {
  /** Of images, [B, ...]. */
  readonly latents: Tensor;
  /** Embeddings of the residues of their proteins, [B, L, D]. */
  readonly sequence: Tensor;
  /** bool [B, L], true where there is a residue. */
  readonly mask: Tensor;
}

export interface JointEmbeddings {
  /** [B, projectionDims], both of length 1, so that their product is the cosine of their angle. */
  readonly images: Tensor;
  readonly proteins: Tensor;
}

/** Images and proteins in their common space. */
export function jointEmbedding(
  w: Weights,
  config: JointEmbeddingConfig,
  { latents, sequence, mask }: JointInputs,
  options: Options = {},
): JointEmbeddings {
  return {
    images: unitRows(projectImages(w, config, latents, options)),
    proteins: unitRows(projectProteins(w, config, { sequence, mask }, options)),
  };
}

/** Rows [B, D] divided by their length; a row of zeros stays one. */
export function unitRows(x: Tensor): Tensor {
  const squares = sum(mul(x, x), { axes: [1], keepDims: true });
  return div(x, sqrt(add(squares, smallestSquare)));
}

const smallestSquare = 1e-12;
