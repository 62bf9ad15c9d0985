// Vermeer (Microsoft 2026; code MIT): a causal transformer (Sun et al. 2024, arXiv:2406.06525, after Touvron et al. 2023,
// arXiv:2302.13971) over the codes of a cell's stains, one stain after the other, behind a protein's ESMC embedding.
// Written from a description of the released weights, whose names the parameters carry.
//
// A sequence is the condition at position 0, then per stain a token that opens it, its codes row by row, and a token that
// closes it; tokens.ts has their ids. Positions are those of a code in its picture; at all other tokens queries and keys
// are zero, which is no mistake here but what the weights were trained with.

import {
  add,
  concat,
  constant,
  type Dim,
  div,
  embedding,
  exp,
  expandDims,
  greater,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  max,
  maximum,
  mean,
  mul,
  ones,
  positions,
  pow,
  reshape,
  select,
  silu,
  slice,
  softmax,
  split,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  type Weights,
} from "@proteoscope/engine";
import { type TokenLayout, vocabularySize } from "./tokens.ts";

/** Sizes of Vermeer, and what its tokens are. */
export interface VermeerConfig extends TokenLayout {
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  /** Width of the protein's embedding: 1152, that of ESMC 600M. */
  readonly conditionSize: number;
  /** How residues become one vector: their mean, or a learned attention. */
  readonly pooling: "mean" | "attention";
}

const sized = (hiddenSize: number, numHiddenLayers: number, intermediateSize: number): VermeerConfig => ({
  hiddenSize,
  numHiddenLayers,
  numAttentionHeads: hiddenSize / 64,
  intermediateSize,
  conditionSize: 1152,
  pooling: "mean",
  numCodes: 16384,
  numStains: 4,
  gridSide: 16,
});

/** The released sizes, of 112, 344 and 777 million parameters. */
export const vermeerPresets = {
  B: sized(768, 12, 2048),
  L: sized(1024, 24, 2816),
  XL: sized(1280, 36, 3584),
} as const satisfies Record<string, VermeerConfig>;

/** What the network reads. */
export interface VermeerInputs {
  /** Tokens behind the condition, int64 or int32 [B, T]. */
  readonly tokens: Tensor;
  /** The output of `vermeerCondition`, [B, 1, hidden]. */
  readonly condition: Tensor;
}

/** Logits of the next token at the condition and at every token, [B, 1 + T, vocabulary]. T is fixed. */
export function vermeer(w: Weights, config: VermeerConfig, { tokens, condition }: VermeerInputs): Tensor {
  const count = tokens.shape[1]!;
  if (typeof count !== "number") throw new RangeError("vermeer: the number of tokens must be fixed");
  const x = concat([condition, embedTokens(w, config, tokens)], 1);
  const rotation = constantRotation(config, 1 + count);
  let h = x;
  for (let index = 0; index < config.numHiddenLayers; index += 1)
    h = vermeerLayer(w, config, index, { x: h, ...rotation }).x;
  return vermeerLogits(w, config, h);
}

/** The vectors of tokens, [B, T] -> [B, T, hidden]. */
export function embedTokens(w: Weights, config: VermeerConfig, tokens: Tensor): Tensor {
  return embedding(w.at("tok_embeddings_extended"), tokens, vocabularySize(config), config.hiddenSize);
}

/** Logits of the last layer's output, [B, n, hidden] -> [B, n, vocabulary]. */
export function vermeerLogits(w: Weights, config: VermeerConfig, x: Tensor): Tensor {
  return linear(w.at("output_extended"), rmsNorm(w.at("norm"), config, x), vocabularySize(config), {
    bias: false,
  });
}

/**
 * The condition of proteins, [B, 1, hidden], from one vector each, [B, 1, conditionSize], or for attention pooling from
 * their residues, [B, L, conditionSize], all of them of length L, which is fixed.
 */
export function vermeerCondition(w: Weights, config: VermeerConfig, embeddings: Tensor): Tensor {
  const inside = w.at("cls_embedding");
  const pooled = config.pooling === "mean" ? embeddings : attentionPool(inside.at("attn_head"), embeddings);
  const hidden = geluTanh(linear(inside.at("cap_proj", "fc1"), pooled, config.hiddenSize, { bias: false }));
  return linear(inside.at("cap_proj", "fc2"), hidden, config.hiddenSize, { bias: false });
}

/** The vector that stands for no protein, for guidance: a buffer of the checkpoint, [1, conditionSize]. */
export function unconditional(w: Weights, { conditionSize }: VermeerConfig): Tensor {
  const initializer = { kind: "normal", deviation: 1 } as const;
  return w.at("cls_embedding").parameter("uncond_embedding", [1, conditionSize], initializer);
}

/** Learned attention over residues whose scores are smoothed along the sequence (as DeepLoc 2.0 does): [B, L, C] -> [B, 1, C]. */
function attentionPool(w: Weights, embeddings: Tensor): Tensor {
  const count = embeddings.shape[1]!;
  if (typeof count !== "number") throw new RangeError("vermeer: the number of residues must be fixed");
  const y = layerNorm(w.at("preattn_ln"), embeddings);
  const scores = linear(w.at("Q"), y, 1, { bias: false }); // [B, L, 1]
  const [first, last] = [slice(scores, 1, 0, 1), slice(scores, 1, count - 1, count)];
  const padded = concat([first, first, scores, last, last], 1);
  const kernel = [-2, -1, 0, 1, 2].map((d) => Math.exp(-(d ** 2) / 8));
  const total = kernel.reduce((a, b) => a + b, 0);
  const smooth = kernel
    .map((weight, shift) => mul(slice(padded, 1, shift, shift + count), weight / total))
    .reduce(add);
  return sum(mul(softmax(smooth, 1), y), { axes: [1], keepDims: true });
}

/** What one layer reads: positions of the block, and the keys and values of positions before it. */
export interface VermeerLayerInputs {
  /** [B, n, hidden] */
  readonly x: Tensor;
  /** Cosines and sines of the block's positions, [n, headSize / 2]. */
  readonly cosines: Tensor;
  readonly sines: Tensor;
  readonly past?: VermeerPast | undefined;
}

/** Keys [B, heads, headSize, N] and values [B, heads, N, headSize] of positions, of which `bias` [N] hides those not there yet. */
export interface VermeerPast {
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly bias: Tensor;
}

/** One layer on a block of positions; `keys` and `values` are the block's own, in the layout of the past. */
export function vermeerLayer(
  w: Weights,
  config: VermeerConfig,
  index: number,
  inputs: VermeerLayerInputs,
): { readonly x: Tensor; readonly keys: Tensor; readonly values: Tensor } {
  const { hiddenSize, intermediateSize } = config;
  const layer = w.at("layers", index);
  const normal = rmsNorm(layer.at("attention_norm"), config, inputs.x);
  const { y, keys, values } = selfAttention(layer.at("attention"), config, normal, inputs);
  const attended = add(inputs.x, y);
  const inner = rmsNorm(layer.at("ffn_norm"), config, attended);
  const forward = layer.at("feed_forward");
  const project = (name: string) => linear(forward.at(name), inner, intermediateSize, { bias: false });
  const gated = mul(silu(project("w1")), project("w3"));
  return { x: add(attended, linear(forward.at("w2"), gated, hiddenSize, { bias: false })), keys, values };
}

function selfAttention(
  w: Weights,
  { hiddenSize, numAttentionHeads: heads }: VermeerConfig,
  x: Tensor,
  { cosines, sines, past }: VermeerLayerInputs,
): { readonly y: Tensor; readonly keys: Tensor; readonly values: Tensor } {
  const [batch, count] = x.shape as [Dim, Dim];
  const size = hiddenSize / heads;
  const packed = linear(w.at("wqkv"), x, 3 * hiddenSize, { bias: false });
  const [q, k, values] = split(packed, 2, [hiddenSize, hiddenSize, hiddenSize]).map((part) =>
    transpose(reshape(part, [batch, count, heads, size]), [0, 2, 1, 3]),
  ) as [Tensor, Tensor, Tensor];
  const query = mul(rotatePairs(q, cosines, sines), size ** -0.5);
  const keys = matrixTranspose(rotatePairs(k, cosines, sines)); // [B, heads, size, n]
  const place = positions(x, 1);
  const isLater = greater(place, expandDims(place, 1)); // [n, n]: a query does not see what comes after it
  const own = select(isLater, -1e9, matmul(query, keys));
  const attended =
    past === undefined
      ? matmul(softmax(own), values)
      : attendBoth(
          { scores: add(matmul(query, past.keys), past.bias), values: past.values },
          { scores: own, values },
        );
  const joined = reshape(transpose(attended, [0, 2, 1, 3]), [batch, count, hiddenSize]);
  return { y: linear(w.at("wo"), joined, hiddenSize, { bias: false }), keys, values };
}

/** Scores [B, heads, n, N] with the values that they weigh, [B, heads, N, size]. */
interface Attended {
  readonly scores: Tensor;
  readonly values: Tensor;
}

/** Attention over two sets of positions as if they were one, without joining them. */
function attendBoth(before: Attended, own: Attended): Tensor {
  const last = { axes: [-1], keepDims: true };
  const most = maximum(max(before.scores, last), max(own.scores, last));
  const parts = [before, own].map(({ scores, values }) => {
    const weights = exp(sub(scores, most));
    return { total: sum(weights, last), seen: matmul(weights, values) };
  }) as [Record<"total" | "seen", Tensor>, Record<"total" | "seen", Tensor>];
  return div(add(parts[0].seen, parts[1].seen), add(parts[0].total, parts[1].total));
}

/** Turns neighbouring pairs of x [B, heads, n, size] by angles whose cosines and sines are [n, size / 2]. */
function rotatePairs(x: Tensor, cosines: Tensor, sines: Tensor): Tensor {
  const [batch, heads, count, size] = x.shape as [Dim, Dim, Dim, number];
  const pairs = reshape(x, [batch, heads, count, size / 2, 2]);
  const [real, imaginary] = split(pairs, 4, [1, 1]) as [Tensor, Tensor];
  const [cos, sin] = [expandDims(cosines, 2), expandDims(sines, 2)]; // [n, size / 2, 1]
  const turned = concat(
    [sub(mul(real, cos), mul(imaginary, sin)), add(mul(imaginary, cos), mul(real, sin))],
    4,
  );
  return reshape(turned, x.shape);
}

/** Cosines and sines of positions `from` up to `to`, each [to - from, headSize / 2]; zeros at tokens that are no codes. */
export function rotationTable(
  { hiddenSize, numAttentionHeads, gridSide, numStains }: VermeerConfig,
  from: number,
  to: number,
): { readonly cosines: Float32Array; readonly sines: Float32Array } {
  const quarter = hiddenSize / numAttentionHeads / 4;
  const perStain = gridSide ** 2 + 2;
  const width = 2 * quarter;
  const [cosines, sines] = [new Float32Array((to - from) * width), new Float32Array((to - from) * width)];
  for (let position = Math.max(from, 1); position < to; position += 1) {
    const place = ((position - 1) % perStain) - 1; // of a code in its picture
    const isCode = place >= 0 && place < gridSide ** 2 && position <= numStains * perStain;
    if (!isCode) continue;
    const axes = [Math.floor(place / gridSide), place % gridSide];
    for (const [axis, index] of axes.entries())
      for (let j = 0; j < quarter; j += 1) {
        const angle = index * Math.fround(10000 ** (-j / quarter));
        const at = (position - from) * width + axis * quarter + j;
        [cosines[at], sines[at]] = [Math.cos(angle), Math.sin(angle)];
      }
  }
  return { cosines, sines };
}

function constantRotation(config: VermeerConfig, count: number): { cosines: Tensor; sines: Tensor } {
  const { cosines, sines } = rotationTable(config, 0, count);
  const shape = [count, cosines.length / count];
  return {
    cosines: constant({ dtype: "float32", shape, data: cosines }),
    sines: constant({ dtype: "float32", shape, data: sines }),
  };
}

/** x / root of the mean square of x [..., hidden], scaled (Zhang & Sennrich 2019, arXiv:1910.07467). */
function rmsNorm(w: Weights, { hiddenSize }: VermeerConfig, x: Tensor): Tensor {
  const square = mean(mul(x, x), { axes: [-1], keepDims: true });
  return mul(mul(x, pow(add(square, 1e-5), -0.5)), w.parameter("weight", [hiddenSize], ones));
}

/** The tanh form of GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415). */
function geluTanh(x: Tensor): Tensor {
  const inner = mul(add(x, mul(mul(mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}
