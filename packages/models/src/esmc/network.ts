// ESMC, "ESM Cambrian" (EvolutionaryScale 2024; code and weights MIT since 2026, Chan Zuckerberg Biohub), a protein
// language model: a pre-norm transformer with rotary positions, SwiGLU and normalised queries and keys. Written from a
// description of the released weights; parameters carry the names of transformers' EsmcForMaskedLM, and names.ts translates
// those of the two other layouts.

import {
  add,
  and,
  attention,
  cast,
  type Dim,
  div,
  embedding,
  equal,
  expandDims,
  gelu,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  mul,
  not,
  reshape,
  rotaryEmbedding,
  silu,
  softmax,
  sub,
  type Tensor,
  transpose,
  type Weights,
} from "@proteoscope/engine";

/** Field names and meanings of transformers' EsmcConfig, in camel case. */
export interface EsmcConfig {
  readonly modelType: "esmc";
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Width of SwiGLU. */
  readonly intermediateSize: number;
  readonly padTokenId: number;
  readonly maskTokenId: number;
}

/** A configuration from width and depth: heads of 64, and SwiGLU of 8/3 of the width, rounded up to 256. */
export function esmcConfig(
  sizes: Pick<EsmcConfig, "hiddenSize" | "numHiddenLayers"> & Partial<EsmcConfig>,
): EsmcConfig {
  return {
    modelType: "esmc",
    vocabSize: 64,
    numAttentionHeads: sizes.hiddenSize / 64,
    intermediateSize: esmcIntermediateSize(sizes.hiddenSize),
    padTokenId: 1,
    maskTokenId: 32,
    ...sizes,
  };
}

/** The width of SwiGLU for a width of the network. */
export function esmcIntermediateSize(hiddenSize: number): number {
  return Math.ceil((8 * hiddenSize) / 3 / 256) * 256;
}

/** The configurations of the released models. */
export const esmcPresets = {
  "300M": esmcConfig({ hiddenSize: 960, numHiddenLayers: 30 }),
  "600M": esmcConfig({ hiddenSize: 1152, numHiddenLayers: 36 }),
  "6B": esmcConfig({ hiddenSize: 2560, numHiddenLayers: 80 }),
} as const satisfies Record<string, EsmcConfig>;

/** Longest sequence that the models were made for, in tokens with <cls> and <eos>; nothing holds them to it. */
export const esmcLongestTokens = 2048;

/** A batch of tokens. */
export interface EsmcInputs {
  /** Tokens, int64 or int32 [B, L]. */
  readonly inputIds: Tensor;
  /** Mask, int64 or int32 [B, L], 1 at tokens and 0 at padding; found by the padding token when absent. */
  readonly attentionMask?: Tensor | undefined;
  /** The number of each token's chain, int64 or int32 [B, L]: a token sees its own chain alone. One chain when absent. */
  readonly chainIds?: Tensor | undefined;
}

/** The outputs of all layers. */
export interface EsmcOutputs {
  /** The embeddings, then the output of every layer, each [B, L, hidden]; the last is normalised. */
  readonly representations: readonly Tensor[];
  /** The output of the last layer before its normalisation, [B, L, hidden]. */
  readonly unnormalized: Tensor;
  /** Attention maps of each layer, [B, heads, L, L]; computed only where they are used. */
  readonly attentions: readonly Tensor[];
}

/** ESMC: tokens [B, L] -> representations [B, L, hidden] of every layer. L may be open. */
export function esmc(w: Weights, config: EsmcConfig, inputs: EsmcInputs): EsmcOutputs {
  const { x: embedded, mask } = esmcEmbeddings(w, config, inputs);
  const representations = [embedded];
  const attentions: Tensor[] = [];
  let x = embedded;
  for (let index = 0; index < config.numHiddenLayers; index += 1) {
    const layer = esmcLayer(w, config, { index, x, mask, chainIds: inputs.chainIds });
    x = layer.x;
    representations.push(x);
    attentions.push(layer.map);
  }
  representations[representations.length - 1] = esmcNorm(w, x);
  return { representations, unnormalized: x, attentions };
}

/** The input of the first layer, [B, L, hidden], and the mask, float32 [B, L]. */
export function esmcEmbeddings(
  w: Weights,
  { vocabSize, hiddenSize, padTokenId }: EsmcConfig,
  { inputIds, attentionMask }: EsmcInputs,
): { x: Tensor; mask: Tensor } {
  const ids = cast(inputIds, "int32");
  const isToken =
    attentionMask === undefined ? not(equal(ids, padTokenId)) : equal(cast(attentionMask, "int32"), 1);
  const x = embedding(w.at("esmc", "embed_tokens"), ids, vocabSize, hiddenSize);
  return { x, mask: cast(isToken, "float32") };
}

/** What one layer reads. */
export interface EsmcLayerInputs {
  readonly index: number;
  /** Output of the layer before, [B, L, hidden]. */
  readonly x: Tensor;
  /** Mask, float32 [B, L]: 1 at tokens, 0 at padding, which no token attends to. */
  readonly mask: Tensor;
  readonly chainIds?: Tensor | undefined;
}

/** One layer, x [B, L, hidden] -> x, and its attention map [B, heads, L, L]. */
export function esmcLayer(
  w: Weights,
  config: EsmcConfig,
  { index, x, mask, chainIds }: EsmcLayerInputs,
): { x: Tensor; map: Tensor } {
  const layer = w.at("esmc", "layers", index);
  const divisor = Math.sqrt(config.numHiddenLayers / 36); // keeps the sum over the layers as large as that of 36
  const { y, map } = selfAttention(layer, config, x, attentionBias(mask, chainIds));
  const attended = add(x, div(y, divisor));
  const normal = layerNorm(layer.at("post_attention_layernorm"), attended);
  const project = (name: string) =>
    linear(layer.at("mlp", name), normal, config.intermediateSize, { bias: false });
  const gated = mul(silu(project("gate_proj")), project("up_proj"));
  const output = linear(layer.at("mlp", "down_proj"), gated, config.hiddenSize, { bias: false });
  return { x: add(attended, div(output, divisor)), map };
}

/** The normalisation of the last layer's output, x [B, L, hidden]. */
export function esmcNorm(w: Weights, x: Tensor): Tensor {
  return layerNorm(w.at("esmc", "norm"), x, 1e-5, { bias: false });
}

/** The language model head: the last representation [B, L, hidden] -> logits [B, L, vocab], of which 33 are tokens. */
export function esmcHead(w: Weights, config: EsmcConfig, representation: Tensor): Tensor {
  const head = w.at("lm_head");
  const inner = gelu(linear(head.at("dense"), representation, config.hiddenSize));
  return linear(head.at("decoder"), layerNorm(head.at("layer_norm"), inner), config.vocabSize);
}

/** 0 where a token may look, -10000 elsewhere: [B, 1, 1, L], or [B, 1, L, L] for chains. */
function attentionBias(mask: Tensor, chainIds: Tensor | undefined): Tensor {
  const isToken = expandDims(mask, 1, 2);
  if (chainIds === undefined) return mul(sub(1, isToken), -10_000);
  const chains = cast(chainIds, "int32");
  const isSame = equal(expandDims(chains, 2), expandDims(chains, 1)); // [B, L, L]
  const isSeen = and(expandDims(isSame, 1), equal(isToken, 1));
  return mul(sub(1, cast(isSeen, "float32")), -10_000);
}

/** Self-attention of x [B, L, hidden]; queries and keys are normalised over all heads together before they are rotated. */
function selfAttention(w: Weights, config: EsmcConfig, x: Tensor, bias: Tensor): { y: Tensor; map: Tensor } {
  const { hiddenSize, numAttentionHeads: heads } = config;
  const [batch, length] = x.shape as [Dim, Dim];
  const headSize = hiddenSize / heads;
  const normal = layerNorm(w.at("input_layernorm"), x);
  const attn = w.at("self_attn");
  const project = (name: string) => linear(attn.at(name), normal, hiddenSize, { bias: false });
  const splitHeads = (y: Tensor) => transpose(reshape(y, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const rotate = (name: string) =>
    rotaryEmbedding(
      splitHeads(layerNorm(attn.at(`${name}_norm`), project(`${name}_proj`), 1e-5, { bias: false })),
    );
  const query = mul(rotate("q"), headSize ** -0.5); // [B, heads, L, headSize]
  const key = rotate("k");
  const context = attention(query, key, splitHeads(project("v_proj")), { bias, scale: 1 });
  const joined = reshape(transpose(context, [0, 2, 1, 3]), [batch, length, hiddenSize]);
  return {
    y: linear(attn.at("o_proj"), joined, hiddenSize, { bias: false }),
    map: softmax(add(matmul(query, matrixTranspose(key)), bias)),
  };
}
