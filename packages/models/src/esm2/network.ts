// ESM2, the protein language model (Lin et al. 2023, doi:10.1126/science.ade2574): a pre-norm transformer with
// rotary positions over the tokens of a sequence.
//
// Parameters carry the names of Hugging Face's EsmForMaskedLM (names.ts translates those of fair-esm); numerics are those
// of fair-esm, the reference: embeddings are scaled for the masking of the training even when nothing is masked, and
// queries are scaled before they are rotated.

import {
  add,
  attention,
  cast,
  type Dim,
  div,
  dropout,
  equal,
  expandDims,
  gather,
  gelu,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  maximum,
  mul,
  not,
  or,
  positions,
  type RandomSource,
  reshape,
  rotaryEmbedding,
  select,
  sigmoid,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
  type Weights,
  zeros,
} from "@proteoscope/engine";
import { eosTokenId } from "./tokenizer.ts";

/** Field names and meanings of Hugging Face's EsmConfig, in camel case. */
export interface Esm2Config {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  readonly layerNormEps: number;
  /** Whether embeddings are scaled by the fraction of unmasked tokens, as in all released models. */
  readonly tokenDropout: boolean;
  readonly maskTokenId: number;
  readonly padTokenId: number;
  /** Dropout of the embeddings and of each block's output, in training alone. */
  readonly hiddenDropoutProb: number;
  /** Standard deviation of initial weights. */
  readonly initializerRange: number;
  /** Whether the language model head's output weights are the word embeddings. */
  readonly tieWordEmbeddings: boolean;
}

/** A configuration from its three sizes; all other fields are those of the released models. */
export function esm2Config(
  sizes: Pick<Esm2Config, "hiddenSize" | "numHiddenLayers" | "numAttentionHeads"> & Partial<Esm2Config>,
): Esm2Config {
  return {
    vocabSize: 33,
    intermediateSize: 4 * sizes.hiddenSize,
    layerNormEps: 1e-5,
    tokenDropout: true,
    maskTokenId: 32,
    padTokenId: 1,
    hiddenDropoutProb: 0,
    initializerRange: 0.02,
    tieWordEmbeddings: true,
    ...sizes,
  };
}

const sized = (numHiddenLayers: number, hiddenSize: number, numAttentionHeads: number) =>
  esm2Config({ numHiddenLayers, hiddenSize, numAttentionHeads });

/** The configurations of the released models. */
export const esm2Presets = {
  t6_8M: sized(6, 320, 20),
  t12_35M: sized(12, 480, 20),
  t30_150M: sized(30, 640, 20),
  t33_650M: sized(33, 1280, 20),
  t36_3B: sized(36, 2560, 40),
  t48_15B: sized(48, 5120, 40),
} as const satisfies Record<string, Esm2Config>;

/** A batch of tokens. */
export interface Esm2Inputs {
  /** Tokens, int64 or int32 [B, L]. */
  readonly inputIds: Tensor;
  /** Mask, int64 or int32 [B, L], 1 at tokens and 0 at padding; found by the padding token when absent. */
  readonly attentionMask?: Tensor | undefined;
}

/** The outputs of all layers. */
export interface Esm2Outputs {
  /** Representations [B, L, hidden]: the embeddings, then the output of every layer; only the last one is normalised. */
  readonly representations: readonly Tensor[];
  /** Attention maps of each layer, [B, heads, L, L], with zeros in rows of padding; computed only where they are used. */
  readonly attentions: readonly Tensor[];
  /** Mask, float32 [B, L]: 1 at tokens, 0 at padding. */
  readonly mask: Tensor;
}

/** The dropout of a training step. */
export interface Esm2Options {
  /** Random numbers for dropout, in training alone. */
  readonly random?: RandomSource | undefined;
}

/** ESM2: tokens [B, L] -> representations [B, L, hidden] of every layer. L may be open. */
export function esm2(
  w: Weights,
  config: Esm2Config,
  inputs: Esm2Inputs,
  { random }: Esm2Options = {},
): Esm2Outputs {
  const { x: embedded, mask } = esm2Embeddings(w, config, inputs);
  let x = dropout(embedded, config.hiddenDropoutProb, random, "embeddings");
  const representations = [x];
  const attentions: Tensor[] = [];
  for (let index = 0; index < config.numHiddenLayers; index += 1) {
    const layer = esm2Layer(w, config, { index, x, mask }, { random });
    x = layer.x;
    representations.push(x);
    attentions.push(mul(layer.map, expandDims(mask, 1, 3)));
  }
  return { representations: [...representations.slice(0, -1), esm2Norm(w, config, x)], attentions, mask };
}

/** The input of the first layer, [B, L, hidden], and the mask, float32 [B, L]. */
export function esm2Embeddings(
  w: Weights,
  config: Esm2Config,
  inputs: Esm2Inputs,
): { x: Tensor; mask: Tensor } {
  const ids = cast(inputs.inputIds, "int32"); // [B, L]
  const isToken =
    inputs.attentionMask === undefined
      ? not(equal(ids, config.padTokenId))
      : equal(cast(inputs.attentionMask, "int32"), 1);
  const mask = cast(isToken, "float32");
  return { x: embedTokens(w, config, ids, mask), mask };
}

/** One layer, x [B, L, hidden] -> x, and its attention map [B, heads, L, L]; mask float32 [B, L]. */
export function esm2Layer(
  w: Weights,
  config: Esm2Config,
  { index, x, mask }: { readonly index: number; readonly x: Tensor; readonly mask: Tensor },
  { random }: Esm2Options = {},
): { x: Tensor; map: Tensor } {
  const drop = (y: Tensor, name: string) =>
    dropout(y, config.hiddenDropoutProb, random, `layer.${index}.${name}`);
  const bias = expandDims(mul(sub(1, mask), -10_000), 1, 2); // [B, 1, 1, L]; e^-10000 is 0 in every precision
  const layer = w.at("esm", "encoder", "layer", index);
  const { y, map } = selfAttention(layer.at("attention"), config, x, bias);
  const attended = add(x, drop(y, "attention"));
  return { x: add(attended, drop(feedForward(layer, config, attended), "output")), map };
}

/** The normalisation of the last layer's output, x [B, L, hidden]. */
export function esm2Norm(w: Weights, config: Esm2Config, x: Tensor): Tensor {
  return layerNorm(w.at("esm", "encoder", "emb_layer_norm_after"), x, config.layerNormEps);
}

/** Embeds ids [B, L] -> [B, L, hidden]. Masked and padding rows are zero; the others are scaled to make up for masked ones. */
function embedTokens(w: Weights, config: Esm2Config, ids: Tensor, mask: Tensor): Tensor {
  const x = gather(tokenWeights(wordTable(w), config), ids);
  if (!config.tokenDropout) return mul(x, expandDims(mask, 2));
  const trainedRatio = 0.15 * 0.8; // 15 % of the tokens were predicted, 80 % of these shown as <mask>
  const isMasked = cast(equal(ids, config.maskTokenId), "float32");
  const length = sum(mask, { axes: [1], keepDims: true }); // counts <cls> and <eos>
  const ratio = div(sum(isMasked, { axes: [1], keepDims: true }), maximum(length, 1)); // [B, 1]
  const scale = div(mul(mul(mask, sub(1, isMasked)), 1 - trainedRatio), sub(1, ratio)); // [B, L]
  return mul(x, expandDims(scale, 2));
}

const wordTable = (w: Weights): Weights => w.at("esm", "embeddings", "word_embeddings");

/** A table with one row per token, [vocab, hidden]. */
function tokenWeights(table: Weights, { vocabSize, hiddenSize, initializerRange }: Esm2Config): Tensor {
  return table.parameter("weight", [vocabSize, hiddenSize], { kind: "normal", deviation: initializerRange });
}

/** A linear layer as Hugging Face starts it: small normal weights, no bias. */
function dense(w: Weights, { initializerRange }: Esm2Config, x: Tensor, outFeatures: number): Tensor {
  const weightInitializer = { kind: "normal", deviation: initializerRange } as const;
  return linear(w, x, outFeatures, { weightInitializer, biasInitializer: zeros });
}

/** Self-attention of x [B, L, hidden], bias [B, 1, 1, L]: its output [B, L, hidden] and its map [B, heads, L, L]. */
function selfAttention(w: Weights, config: Esm2Config, x: Tensor, bias: Tensor): { y: Tensor; map: Tensor } {
  const { hiddenSize, numAttentionHeads: heads } = config;
  const [batch, length] = x.shape as [Dim, Dim];
  const headSize = hiddenSize / heads;
  const normal = layerNorm(w.at("LayerNorm"), x, config.layerNormEps);
  const project = (name: string) => dense(w.at("self", name), config, normal, hiddenSize);
  const splitHeads = (y: Tensor) => transpose(reshape(y, [batch, length, heads, headSize]), [0, 2, 1, 3]);
  const query = rotaryEmbedding(splitHeads(mul(project("query"), headSize ** -0.5))); // [B, heads, L, headSize]
  const key = rotaryEmbedding(splitHeads(project("key")));
  const value = splitHeads(project("value"));
  const context = transpose(attention(query, key, value, { bias, scale: 1 }), [0, 2, 1, 3]);
  return {
    y: dense(w.at("output", "dense"), config, reshape(context, [batch, length, hiddenSize]), hiddenSize),
    map: softmax(add(matmul(query, matrixTranspose(key)), bias)),
  };
}

/** The feed-forward half of a block, x [B, L, hidden] -> [B, L, hidden], without the shortcut. */
function feedForward(w: Weights, config: Esm2Config, x: Tensor): Tensor {
  const normal = layerNorm(w.at("LayerNorm"), x, config.layerNormEps);
  const inner = gelu(dense(w.at("intermediate", "dense"), config, normal, config.intermediateSize));
  return dense(w.at("output", "dense"), config, inner, config.hiddenSize);
}

/** The language model head: the last representation [B, L, hidden] -> logits over the tokens [B, L, vocab]. */
export function languageModelHead(w: Weights, config: Esm2Config, representation: Tensor): Tensor {
  const head = w.at("lm_head");
  const inner = gelu(dense(head.at("dense"), config, representation, config.hiddenSize));
  const normal = layerNorm(head.at("layer_norm"), inner, config.layerNormEps);
  const table = config.tieWordEmbeddings ? wordTable(w) : head.at("decoder");
  const scores = matmul(normal, matrixTranspose(tokenWeights(table, config)));
  return add(scores, head.parameter("bias", [config.vocabSize], zeros));
}

/**
 * The probability that two residues touch, [B, L, L] over all tokens: a logistic regression over the attention
 * maps, made symmetric and freed of their background (Rao et al. 2021, doi:10.1101/2020.12.15.422761).
 *
 * Rows and columns of <cls>, <eos> and padding mean nothing: leave them out.
 */
export function contactHead(
  w: Weights,
  config: Esm2Config,
  inputs: Esm2Inputs,
  outputs: Esm2Outputs,
): Tensor {
  const { numAttentionHeads: heads, numHiddenLayers: layers } = config;
  const head = w.at("esm", "contact_head", "regression");
  const weight = head.parameter("weight", [1, layers * heads], zeros);
  const isEos = equal(cast(inputs.inputIds, "int32"), eosTokenId);
  const isFirst = equal(positions(outputs.mask, 1), 0); // [L]
  const isResidue = select(or(isEos, isFirst), 0, outputs.mask); // [B, L]
  const pairs = mul(expandDims(isResidue, 1, 3), expandDims(isResidue, 1, 2)); // [B, 1, L, L]
  const scores = outputs.attentions.map((map, layer) => {
    const layerWeight = reshape(slice(weight, 1, layer * heads, (layer + 1) * heads), [heads, 1, 1]);
    const masked = mul(map, pairs);
    return sum(mul(correctBackground(add(masked, matrixTranspose(masked))), layerWeight), { axes: [1] });
  });
  return sigmoid(add(scores.reduce(add), head.parameter("bias", [1], zeros)));
}

/** Average product correction of symmetric x [..., L, L] (Dunn et al. 2008, doi:10.1093/bioinformatics/btm604). */
function correctBackground(x: Tensor): Tensor {
  const rows = sum(x, { axes: [-1], keepDims: true });
  const all = maximum(sum(rows, { axes: [-2], keepDims: true }), 1e-30); // no residue, no background
  return sub(x, div(mul(rows, matrixTranspose(rows)), all));
}
