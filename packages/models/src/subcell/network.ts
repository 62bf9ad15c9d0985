// SubCell (Gupta et al. 2024, doi:10.1101/2024.12.06.627299; code MIT, CellProfiling): a vision transformer
// (Dosovitskiy et al. 2020, arXiv:2010.11929) over the stains of one cell, whose tokens a gated attention (Ilse et al.
// 2018, arXiv:1802.04712) pools to an embedding; small classifiers give 31 locations from it. Written from a description
// of the released weights; parameters carry the names of SubCellPortable's modules.

import {
  add,
  attention,
  concat,
  convolution,
  type Dim,
  fixed,
  gelu,
  layerNorm,
  linear,
  matmul,
  matrixTranspose,
  mul,
  relu,
  reshape,
  resizeBicubic,
  sigmoid,
  slice,
  softmax,
  type Tensor,
  tanh,
  transpose,
  type Weights,
  zeros,
} from "@proteoscope/engine";

/** The stains that the released encoders take, in their order; the protein is always the last. */
export const subcellStains = ["microtubules", "er", "nucleus", "protein"] as const;

/** A stain of SubCell. */
export type SubcellStain = (typeof subcellStains)[number];

/** Sizes of the transformer by the names of Hugging Face's ViTConfig, and those of the pooling and the classifiers. */
export interface SubcellConfig {
  /** The stains of the channels, in order. */
  readonly stains: readonly SubcellStain[];
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  /** Side of the training images in pixels, which the position embeddings cover; other sizes resize them. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Width of the gate of the pooling. */
  readonly poolSize: number;
  /** Number of weighted means whose concatenation is the embedding. */
  readonly poolHeads: number;
  /** Number of classifiers, whose probabilities are averaged; 0 for the encoder alone. */
  readonly numClassifiers: number;
  /** Widths of a classifier's hidden layers. */
  readonly classifierSizes: readonly [number, number];
  readonly numLabels: number;
}

/** The released sizes: ViT-B/16 on four stains, 87 M parameters. */
export const subcellDefaults: SubcellConfig = {
  stains: subcellStains,
  hiddenSize: 768,
  numHiddenLayers: 12,
  numAttentionHeads: 12,
  intermediateSize: 3072,
  imageSize: 448,
  patchSize: 16,
  poolSize: 512,
  poolHeads: 2,
  numClassifiers: 1,
  classifierSizes: [512, 256],
  numLabels: 31,
};

/** What SubCell computes of cells; `rows` and `columns` count patches. */
export interface SubcellOutputs {
  /** Patch embeddings, [B, rows * columns, hidden]. */
  readonly patches: Tensor;
  /** Tokens that enter the first layer, [B, 1 + rows * columns, hidden]. */
  readonly embedded: Tensor;
  /** Outputs of the layers before the last normalisation, each [B, 1 + rows * columns, hidden]. */
  readonly layers: readonly Tensor[];
  /** The last layer's output, normalised, [B, 1 + rows * columns, hidden]. */
  readonly lastHiddenState: Tensor;
  /** The embedding of a cell, [B, poolHeads * hidden]. */
  readonly embedding: Tensor;
  /** How much each patch counts in the embedding, [B, poolHeads, rows, columns]. */
  readonly poolAttention: Tensor;
  /** What the class token of the last layer attends to, [B, heads, rows, columns]. */
  readonly classAttention: Tensor;
  /** Logits of each classifier, [B, labels]. */
  readonly logits: readonly Tensor[];
  /** Probability of each location by itself, the mean over the classifiers, [B, labels]; undefined without classifiers. */
  readonly probabilities: Tensor | undefined;
}

/** Normalisation of the variance; float16 would round it to 0. */
const normEpsilon = 1e-12;

/**
 * SubCell: cells x [B, stains, H, W] in [0, 1] -> embedding, attention maps and probabilities of 31 locations.
 * H and W are multiples of the patch side.
 *
 * @throws ShapeError for other or open sides.
 */
export function subcell(w: Weights, config: SubcellConfig, x: Tensor): SubcellOutputs {
  const { hiddenSize, patchSize, numHiddenLayers } = config;
  const encoder = w.at("encoder");
  const projection = encoder.at("embeddings", "patch_embeddings", "projection");
  const grid = convolution(projection, x, hiddenSize, { kernel: patchSize, stride: patchSize });
  const [batch, , rows, columns] = grid.shape as [Dim, Dim, Dim, Dim];
  const size = {
    height: fixed(rows, "subcell", "the height"),
    width: fixed(columns, "subcell", "the width"),
  };
  const count = size.height * size.width;
  const patches = matrixTranspose(reshape(grid, [batch, hiddenSize, count]));
  const embedded = embedTokens(encoder.at("embeddings"), config, patches, size);
  const layers: Tensor[] = [];
  let h = embedded;
  let maps: Tensor | undefined;
  for (let index = 0; index < numHiddenLayers; index += 1) {
    const layer = encoder.at("encoder", "layer", index);
    const attended = selfAttention(layer, config, h);
    maps = attended.map;
    h = add(h, attended.y);
    const normal = layerNorm(layer.at("layernorm_after"), h, normEpsilon);
    const inner = gelu(linear(layer.at("intermediate", "dense"), normal, config.intermediateSize));
    h = add(h, linear(layer.at("output", "dense"), inner, hiddenSize));
    layers.push(h);
  }
  const lastHiddenState = layerNorm(encoder.at("layernorm"), h, normEpsilon);
  const { embedding, weights } = pool(w.at("pool_model"), config, lastHiddenState);
  const logits = Array.from({ length: config.numClassifiers }, (_, k) =>
    classify(w.at("classifiers", k), config, embedding),
  );
  const onGrid = (map: Tensor, heads: number) =>
    reshape(slice(map, -1, 1, count + 1), [batch, heads, size.height, size.width]);
  return {
    patches,
    embedded,
    layers,
    lastHiddenState,
    embedding,
    poolAttention: onGrid(weights, config.poolHeads),
    classAttention: onGrid(slice(maps!, 2, 0, 1), config.numAttentionHeads),
    logits,
    probabilities: logits.length === 0 ? undefined : meanOf(logits.map(sigmoid)),
  };
}

/** The class token before the patches [B, N, hidden], and positions, resized to the grid: [B, 1 + N, hidden]. */
function embedTokens(
  w: Weights,
  config: SubcellConfig,
  patches: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  const { hiddenSize, imageSize, patchSize } = config;
  const side = imageSize / patchSize;
  const small = { kind: "normal", deviation: 0.02 } as const;
  const classToken = w.parameter("cls_token", [1, 1, hiddenSize], small);
  const table = w.parameter("position_embeddings", [1, 1 + side ** 2, hiddenSize], small);
  const first = slice(table, 1, 0, 1);
  let places = slice(table, 1, 1, 1 + side ** 2); // [1, side^2, hidden]
  if (height !== side || width !== side) {
    const image = reshape(matrixTranspose(places), [1, hiddenSize, side, side]);
    const resized = resizeBicubic(image, { height, width });
    places = matrixTranspose(reshape(resized, [1, hiddenSize, height * width]));
  }
  const zero = mul(slice(patches, 1, 0, 1), 0); // [B, 1, hidden], which spreads the class token over the batch
  return concat([add(zero, add(classToken, first)), add(patches, places)], 1);
}

/** Self-attention of x [B, N, hidden]: its output [B, N, hidden] and its map [B, heads, N, N]. */
function selfAttention(w: Weights, config: SubcellConfig, x: Tensor): { y: Tensor; map: Tensor } {
  const { hiddenSize, numAttentionHeads: heads } = config;
  const [batch, count] = x.shape as [Dim, Dim];
  const headSize = hiddenSize / heads;
  const normal = layerNorm(w.at("layernorm_before"), x, normEpsilon);
  const project = (name: string) =>
    transpose(
      reshape(linear(w.at("attention", "attention", name), normal, hiddenSize), [
        batch,
        count,
        heads,
        headSize,
      ]),
      [0, 2, 1, 3],
    );
  const [query, key, value] = [project("query"), project("key"), project("value")];
  const context = reshape(transpose(attention(query, key, value), [0, 2, 1, 3]), [batch, count, hiddenSize]);
  return {
    y: linear(w.at("attention", "output", "dense"), context, hiddenSize),
    map: softmax(matmul(mul(query, headSize ** -0.5), matrixTranspose(key))),
  };
}

/** Gated attention over all tokens [B, N, hidden], the class token too: the embedding and the weights [B, heads, N]. */
function pool(w: Weights, config: SubcellConfig, tokens: Tensor): { embedding: Tensor; weights: Tensor } {
  const { hiddenSize, poolSize, poolHeads } = config;
  const gate = mul(
    tanh(linear(w.at("attention_v", 0), tokens, poolSize)),
    gelu(linear(w.at("attention_u", 0), tokens, poolSize)),
  );
  const scores = linear(w.at("attention"), gate, poolHeads); // [B, N, heads]
  const weights = softmax(matrixTranspose(scores));
  const embedding = reshape(matmul(weights, tokens), [tokens.shape[0]!, poolHeads * hiddenSize]);
  return { embedding, weights };
}

/** Embeddings -> logits [B, labels]. */
function classify(
  w: Weights,
  { classifierSizes: [first, second], numLabels }: SubcellConfig,
  x: Tensor,
): Tensor {
  const hidden = relu(linear(w.at(2), relu(linear(w.at(0), x, first)), second));
  return linear(w.at(4), hidden, numLabels, { biasInitializer: zeros });
}

function meanOf(tensors: readonly Tensor[]): Tensor {
  return mul(tensors.reduce(add), 1 / tensors.length);
}
