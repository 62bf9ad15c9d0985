// The bottleneck between a language model's embeddings and a network that reads them: an optional projection, an
// optional transformer, and a choice of its result.
//
// Parameters carry the names of the original's module (torch.nn.TransformerEncoder, pre-norm, ReLU). Its "mean"
// averaged padding too, so that a protein's mean depended on the other proteins of the batch: `mean` here leaves padding
// out.

import {
  add,
  attention,
  broadcastTo,
  cast,
  concat,
  type Dim,
  dropout,
  expandDims,
  fixed,
  fullLike,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  mean,
  mul,
  type RandomSource,
  relu,
  reshape,
  slice,
  split,
  sub,
  sum,
  type Tensor,
  transpose,
  type Weights,
  zeros,
} from "@proteoscope/engine";
import { maskedMean } from "../esm2/masked-mean.ts";

/** The size of the bottleneck, and its result. */
export interface EsmBottleneckConfig {
  /** Width of the projection; null for none. */
  readonly hiddenSize: number | null;
  /** Number of transformer layers; 0 for none. */
  readonly numLayers: number;
  readonly numHeads: number;
  readonly feedForwardSize: number;
  /** Dropout of a layer's hidden values and of the outputs of its two halves, in training alone. */
  readonly dropout: number;
  /**
   * The result: every residue, a learned token that attends to them, or their mean. `meanOverPadding` is the original's
   * mean, for weights that were trained with it.
   */
  readonly result: "full" | "token" | "mean" | "meanOverPadding";
}

/** The original's sizes. */
export const esmBottleneckDefaults = {
  hiddenSize: 256,
  numLayers: 3,
  numHeads: 4,
  feedForwardSize: 1024,
  dropout: 0.2,
  result: "full",
} as const satisfies EsmBottleneckConfig;

/** Residue embeddings of a batch of proteins. */
export interface EsmBottleneckInputs {
  /** Residue embeddings [B, L, D]. */
  readonly sequence: Tensor;
  /** bool [B, L], true where there is a residue. */
  readonly mask: Tensor;
}

/**
 * The bottleneck: embeddings [B, L, D] -> [B, L, hidden] and their mask, or [B, 1, hidden] and a mask that is true. L may
 * be open, but not for `token`.
 */
export function esmBottleneck(
  w: Weights,
  config: EsmBottleneckConfig,
  inputs: EsmBottleneckInputs,
  { random }: { random?: RandomSource | undefined } = {},
): EsmBottleneckInputs {
  const { hiddenSize, result } = config;
  const residueCount = sum(cast(inputs.mask, "float32"), { axes: [1], keepDims: true });
  const one = fullLike(residueCount, 1, "bool"); // [B, 1], true
  let { sequence: x, mask } = inputs;
  if (hiddenSize !== null) x = linear(w.at("projection"), x, hiddenSize);
  if (result === "token") {
    x = concat([guidanceToken(w, x), x], 1);
    mask = concat([one, mask], 1);
  }
  if (config.numLayers > 0) x = encoder(w.at("encoder"), config, x, mask, random);
  switch (result) {
    case "full":
      return { sequence: x, mask };
    case "token":
      return { sequence: slice(x, 1, 0, 1), mask: one };
    case "mean":
      return { sequence: expandDims(maskedMean(x, mask), 1), mask: one };
    case "meanOverPadding":
      return { sequence: mean(x, { axes: [1], keepDims: true }), mask: one };
  }
}

/** The learned token that stands before every sequence, [B, 1, hidden]. */
function guidanceToken(w: Weights, x: Tensor): Tensor {
  const [batch, , width] = x.shape as [Dim, Dim, number];
  const table = w.at("guidance_embedding").parameter("weight", [1, width], { kind: "normal", deviation: 1 });
  return broadcastTo(table, [batch, 1, width], slice(x, 1, 0, 1));
}

/** A stack of pre-norm layers and a last normalisation; x [B, L, width], mask bool [B, L]. */
function encoder(
  w: Weights,
  config: EsmBottleneckConfig,
  x: Tensor,
  mask: Tensor,
  random: RandomSource | undefined,
): Tensor {
  const width = fixed(x.shape.at(-1), "esmBottleneck", "the width");
  const bias = expandDims(mul(sub(1, cast(mask, "float32")), -10_000), 1, 2); // [B, 1, 1, L]
  for (let index = 0; index < config.numLayers; index++) {
    const layer = w.at("layers", index);
    const drop = (y: Tensor, name: string) => dropout(y, config.dropout, random, `encoder.${index}.${name}`);
    // The original's layer drops from the attention map as well: L² random numbers per head, without a gain here.
    const attended = selfAttention(layer.at("self_attn"), config, layerNorm(layer.at("norm1"), x), bias);
    x = add(x, drop(attended, "attention"));
    const normal = layerNorm(layer.at("norm2"), x);
    const inner = drop(relu(linear(layer.at("linear1"), normal, config.feedForwardSize)), "hidden");
    x = add(x, drop(linear(layer.at("linear2"), inner, width), "output"));
  }
  return layerNorm(w.at("norm"), x);
}

/** torch.nn.MultiheadAttention of x [B, L, width] with itself: one matrix holds query, key and value. */
function selfAttention(w: Weights, { numHeads }: EsmBottleneckConfig, x: Tensor, bias: Tensor): Tensor {
  const [batch, length, width] = x.shape as [Dim, Dim, number];
  const xavier = { kind: "uniform", bound: Math.sqrt(6 / (4 * width)) } as const;
  const weight = w.parameter("in_proj_weight", [3 * width, width], xavier);
  const projected = add(matmul(x, matrixTranspose(weight)), w.parameter("in_proj_bias", [3 * width], zeros));
  const [query, key, value] = split(projected, -1, [width, width, width]).map((part) =>
    transpose(reshape(part, [batch, length, numHeads, width / numHeads]), [0, 2, 1, 3]),
  ) as [Tensor, Tensor, Tensor]; // [B, heads, L, width / heads]
  const context = transpose(attention(query, key, value, { bias }), [0, 2, 1, 3]);
  return linear(w.at("out_proj"), reshape(context, [batch, length, width]), width, {
    biasInitializer: zeros,
  });
}
