// The networks that end in projection heads, as checkpoints have them: CLIP and the triplet network of images and
// sequences, and the cytoself regressor. Classes, fields of the configuration, inputs and outputs carry the original's
// names, which a bare state dict has too; its CLIP had no learned temperature, so that without one it is the triplet
// network's.

import {
  cast,
  f32,
  fullLike,
  matmul,
  matrixTranspose,
  mul,
  type ParameterDeclaration,
  sum,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { z } from "zod";
import type { Pretrained, StateDict } from "../checkpoints/architectures.ts";
import { type ConfigFormat, count, type Json, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { InputRules, NamedArrays } from "../checkpoints/run.ts";
import { cytoselfRegressor } from "../cytoself/regressor.ts";
import { clipScale } from "./clip.ts";
import { type JointEmbeddingConfig, projectImages, unitRows } from "./joint-embedding.ts";
import { type ProteinProjectionConfig, projectProteins } from "./projection.ts";

export type ProjectionNetwork = Extract<
  Pretrained,
  { readonly architecture: "clip" | "triplet" | "cytoclass" }
>;

/** `_class_name` of the configuration. */
export const projectionClasses = {
  clip: "ProteoclipLM",
  triplet: "ProteotripletLM",
  cytoclass: "ProteocytoclassLM",
} as const;

const rate = z.number().min(0).max(1);

const bottleneckSchema = z
  .object({
    hiddenSize: size.nullable(),
    numLayers: z.int().min(0).max(1000),
    numHeads: count,
    feedForwardSize: size,
    dropout: rate,
    result: z.enum(["full", "token", "mean", "meanOverPadding"]).default("full"),
  })
  .refine(({ result, numLayers }) => result !== "token" || numLayers > 0, {
    path: ["result"],
    message: "a token needs layers that look at the residues",
  });

const fields = {
  proteinEmbeddingDims: size,
  projectionDims: size,
  dropout: rate.default(0.2),
  esmBottleneck: bottleneckSchema.nullable().default(null),
};

const tokenName = "esm_bottleneck.guidance_embedding.weight";
const isLayer = (name: string): boolean => name.startsWith("esm_bottleneck.encoder.");

/** The original holds the bottleneck's token in every mode; without a layer that looks at it, it is none of the network. */
export function withoutIdleToken(tensors: StateDict): StateDict {
  if ([...tensors.keys()].some(isLayer)) return tensors;
  return new Map([...tensors].filter(([name]) => name !== tokenName));
}

const headsDivide = ({ proteinEmbeddingDims, esmBottleneck }: ProteinProjectionConfig) =>
  esmBottleneck === null ||
  esmBottleneck.numLayers === 0 ||
  (esmBottleneck.hiddenSize ?? proteinEmbeddingDims) % esmBottleneck.numHeads === 0;
const headsRule = {
  path: ["esmBottleneck", "numHeads"],
  message: "must divide hidden_size, or protein_embedding_dims where there is none",
};

export const jointEmbeddingFormat = (
  architecture: "clip" | "triplet",
): ConfigFormat<JointEmbeddingConfig> => ({
  schema: z.object({ ...fields, imageEmbeddingDims: size }).refine(headsDivide, headsRule),
  fixed: () => ({ _className: projectionClasses[architecture] }),
});

export const cytoselfRegressorFormat: ConfigFormat<ProteinProjectionConfig> = {
  schema: z.object(fields).refine(headsDivide, headsRule),
  fixed: () => ({ _className: projectionClasses.cytoclass }),
};

/** Which of them has these parameters, if any. */
export function recognizeProjections(
  has: (pattern: RegExp) => boolean,
): ProjectionNetwork["architecture"] | undefined {
  if (!has(/^protein_projection\.projection\.weight$/)) return undefined;
  if (!has(/^image_projection\./)) return "cytoclass";
  return has(/^logit_scale$/) ? "clip" : "triplet";
}

/**
 * The configuration of a state dict; the number of attention heads, which it does not tell, is the original's.
 * @throws CheckpointError where the bottleneck has layers and a token: the original holds one, used or not.
 */
export function inferProjections(
  shapeOf: (name: string) => readonly number[],
  weights: StateDict,
  layers: number,
  place: string,
): Json {
  if (layers > 0 && weights.has(tokenName))
    throw new CheckpointError(
      `${place}: does not tell whether its bottleneck hands on its token: put a config.json beside it`,
    );
  const [projectionDims, width] = shapeOf("protein_projection.projection.weight");
  const [hiddenSize, inner] = weights.get("esm_bottleneck.projection.weight")?.shape ?? [];
  const images = weights.get("image_projection.projection.weight")?.shape[1];
  const bottleneck = {
    hidden_size: hiddenSize ?? null,
    num_layers: layers,
    num_heads: 4,
    feed_forward_size: layers === 0 ? 1 : shapeOf("esm_bottleneck.encoder.layers.0.linear1.weight")[0],
    dropout: 0.2,
    result: "full",
  };
  return {
    protein_embedding_dims: inner ?? width,
    projection_dims: projectionDims,
    ...(images !== undefined && { image_embedding_dims: images }),
    esm_bottleneck: hiddenSize === undefined && layers === 0 ? null : bottleneck,
  };
}

/** All parameters by name. */
export function declareProjections(model: ProjectionNetwork): ReadonlyMap<string, ParameterDeclaration> {
  const { config } = model;
  const types = {
    sequence_embed: f32(1, 3, config.proteinEmbeddingDims),
    ...("imageEmbeddingDims" in config && { latent: f32(1, config.imageEmbeddingDims) }),
  };
  return trace((w, inputs) => runProjections(w, model, inputs), types).parameters;
}

/** Either of image and sequence may be absent, where a network takes both. */
export function projectionRules({ config }: ProjectionNetwork, inputs: NamedArrays): InputRules {
  const hasImages = "imageEmbeddingDims" in config;
  const isImageAlone = hasImages && inputs.has("latent");
  const rules: InputRules = {
    sequence_embed: {
      shape: ["proteins", "residues", config.proteinEmbeddingDims],
      kind: "float",
      optional: isImageAlone,
    },
    sequence_mask: { shape: ["proteins", "residues"], kind: "integer", below: 2, optional: true },
  };
  if (!hasImages) return rules;
  const isGrid = inputs.get("latent")?.shape.length === 4;
  const latent = isGrid ? ["images", "channels", "rows", "columns"] : ["images", config.imageEmbeddingDims];
  return { ...rules, latent: { shape: latent, kind: "float", optional: true } };
}

/** Embeddings as the heads give them, and for CLIP the scaled cosines of images and proteins. */
export function runProjections(
  w: Weights,
  model: ProjectionNetwork,
  inputs: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const { sequence_embed: sequence, latent } = inputs;
  const outputs: Record<string, Tensor> = {};
  if (sequence !== undefined) {
    const proteins = { sequence, mask: maskOf(sequence, inputs.sequence_mask) };
    outputs.seq_embeds =
      model.architecture === "cytoclass"
        ? cytoselfRegressor(w, model.config, proteins)
        : projectProteins(w, model.config, proteins);
  }
  if (model.architecture === "cytoclass" || latent === undefined) return outputs;
  outputs.image_embeds = projectImages(w, model.config, latent);
  if (model.architecture === "clip" && outputs.seq_embeds !== undefined) {
    const [images, proteins] = [unitRows(outputs.image_embeds), unitRows(outputs.seq_embeds)];
    outputs.logits_per_image = mul(matmul(images, matrixTranspose(proteins)), clipScale(w));
  }
  return outputs;
}

/** bool [B, L]; every residue is one where there is no mask. */
function maskOf(sequence: Tensor, mask: Tensor | undefined): Tensor {
  if (mask !== undefined) return cast(mask, "bool");
  return fullLike(sum(sequence, { axes: [2] }), 1, "bool");
}
