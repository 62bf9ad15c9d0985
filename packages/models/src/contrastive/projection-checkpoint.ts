// What the networks that end in projection heads have in common on disk and at their inputs: CLIP, the triplet network and
// the cytoself regressor. Fields of the configuration, inputs and outputs carry the original's names.

import { cast, fullLike, sum, type Tensor } from "@proteoscope/engine";
import { z } from "zod";
import { count, type Json, rate, size } from "../checkpoints/config-json.ts";
import { CheckpointError } from "../checkpoints/file-source.ts";
import type { InputRules } from "../checkpoints/input-rules.ts";
import type { NamedTensors, StateDict, TrainingPart } from "../checkpoints/network-definition.ts";
import { countBlocks, shapeReader } from "../checkpoints/state-dict-shapes.ts";
import type { EsmBottleneckInputs } from "../localization/bottleneck.ts";
import type { ProteinProjectionConfig } from "./projection.ts";

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

/** The fields of `ProteinProjectionConfig`. */
export const projectionFields = {
  proteinEmbeddingDims: size,
  projectionDims: size,
  dropout: rate.default(0.2),
  esmBottleneck: bottleneckSchema.nullable().default(null),
};

/** Whether the bottleneck's attention heads divide its width. */
export function headsDivide({ proteinEmbeddingDims, esmBottleneck }: ProteinProjectionConfig): boolean {
  return (
    esmBottleneck === null ||
    esmBottleneck.numLayers === 0 ||
    (esmBottleneck.hiddenSize ?? proteinEmbeddingDims) % esmBottleneck.numHeads === 0
  );
}

/** The fault where `headsDivide` does not hold. */
export const headsRule = {
  path: ["esmBottleneck", "numHeads"],
  message: "must divide hidden_size, or protein_embedding_dims where there is none",
};

/** Names without a prefix in a training module that ends in projection heads. */
export const projectionParts: readonly TrainingPart[] = [
  { prefix: "", names: /^(esm_bottleneck|image_projection|protein_projection)\.|^logit_scale$/ },
];

const tokenName = "esm_bottleneck.guidance_embedding.weight";

/** The original stores the bottleneck's token in every mode; without a layer that looks at it, the network has none. */
export function withoutIdleToken(tensors: StateDict): StateDict {
  if ([...tensors.keys()].some((name) => name.startsWith("esm_bottleneck.encoder."))) return tensors;
  return new Map([...tensors].filter(([name]) => name !== tokenName));
}

/**
 * The configuration of a state dict; the number of attention heads, which no shape shows, is the original's.
 * @throws CheckpointError where the bottleneck has layers and a token: the original stores one, used or not.
 */
export function inferProjections(weights: StateDict, _stored: StateDict, place: string): Json {
  const shapeOf = shapeReader(weights, place);
  const layers = countBlocks(weights, "esm_bottleneck.encoder.layers.#.");
  if (layers > 0 && weights.has(tokenName))
    throw new CheckpointError(
      `${place}: does not show whether its bottleneck hands on its token: put a config.json beside it`,
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

/** The inputs of the protein's side: embeddings of residues, and 1 at residues, 0 at padding. */
export function proteinInputs({ proteinEmbeddingDims }: ProteinProjectionConfig) {
  return {
    sequence_embed: { shape: ["proteins", "residues", proteinEmbeddingDims], kind: "float" },
    sequence_mask: { shape: ["proteins", "residues"], kind: "float", optional: true },
  } as const satisfies InputRules;
}

/** The protein's side of the inputs; every residue counts where there is no mask. Undefined where there is no protein. */
export function readProteins({
  sequence_embed,
  sequence_mask,
}: NamedTensors): EsmBottleneckInputs | undefined {
  if (sequence_embed === undefined) return undefined;
  return { sequence: sequence_embed, mask: maskOf(sequence_embed, sequence_mask) };
}

/** bool [B, L] */
function maskOf(sequence: Tensor, mask: Tensor | undefined): Tensor {
  return mask === undefined ? fullLike(sum(sequence, { axes: [2] }), 1, "bool") : cast(mask, "bool");
}
