// A joint embedding of images and proteins: the latents of a finished autoencoder and the residue embeddings of a finished
// language model, each through a projection head. Two networks have it and differ in their losses: clip.ts and triplet.ts.

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

/** The sizes of both projection heads. */
export interface JointEmbeddingConfig extends ProteinProjectionConfig {
  /** Number of values in the latents of an image. */
  readonly imageEmbeddingDims: number;
}

/** The original's sizes, for latents of 4x25x25. */
export const jointEmbeddingDefaults: JointEmbeddingConfig = {
  ...proteinProjectionDefaults,
  imageEmbeddingDims: 2500,
};

interface Options {
  readonly random?: RandomSource | undefined;
}

/** Latents [B, ...] as the autoencoder gives them -> embeddings [B, projectionDims]. @throws ShapeError for another size. */
export function projectImages(
  w: Weights,
  { imageEmbeddingDims, projectionDims, dropout: rate }: JointEmbeddingConfig,
  latents: Tensor,
  { random }: Options = {},
): Tensor {
  const [batch, ...rest] = latents.shape;
  if (product(rest) !== imageEmbeddingDims)
    throw new ShapeError(
      `projectImages: latents ${formatShape(latents.shape)} do not have ${imageEmbeddingDims} values per image`,
    );
  const flat = reshape(latents, [batch!, imageEmbeddingDims]);
  return projectionHead(w.at("image_projection"), flat, projectionDims, { rate, random, name: "image" });
}

/** A batch of images and their proteins. */
export interface JointInputs {
  /** Latents of the images, [B, ...]. */
  readonly latents: Tensor;
  /** Residue embeddings of their proteins, [B, L, D]. */
  readonly sequence: Tensor;
  /** bool [B, L], true where there is a residue. */
  readonly mask: Tensor;
}

/** Embeddings of both kinds, [B, projectionDims]; rows have length 1, so that an inner product is a cosine. */
export interface JointEmbeddings {
  readonly images: Tensor;
  readonly proteins: Tensor;
}

/** Embeds images and proteins in their joint space. */
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

/** Rows [B, D] divided by their length; a row of zeros stays zero. */
export function unitRows(x: Tensor): Tensor {
  const squares = sum(mul(x, x), { axes: [1], keepDims: true });
  return div(x, sqrt(add(squares, smallestSquare)));
}

const smallestSquare = 1e-12;
