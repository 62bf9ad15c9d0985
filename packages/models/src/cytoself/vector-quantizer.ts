/**
 * Vector quantisation: each position of a map becomes the nearest vector of a learned codebook (van den Oord et al.
 * 2017, "Neural Discrete Representation Learning"), through which gradients pass straight.
 *
 * As in cytoself the channels of a position may be split into parts that are looked up one by one in one codebook.
 */
import {
  add,
  argMin,
  crossEntropy,
  type Dim,
  div,
  exp,
  formatShape,
  gather,
  type Initializer,
  log,
  matmul,
  matrixTranspose,
  mean,
  meanSquaredError,
  mul,
  neg,
  oneHot,
  product,
  reshape,
  ShapeError,
  stopGradient,
  straightThrough,
  sub,
  sum,
  type Tensor,
  transpose,
  type Weights,
} from "@proteoscope/engine";

/** The field names of the original's VectorQuantizer. */
export interface VectorQuantizerConfig {
  /** Number of codes in the codebook. */
  readonly numEmbeddings: number;
  /** Length of a code. */
  readonly embeddingDim: number;
  /** Number of codes per position. */
  readonly channelSplit: number;
  /** Weight of the commitment loss. */
  readonly commitmentCost: number;
  /** Weight of the cross-entropy between a position's distances and its code; usually 0. */
  readonly softmaxlossCost: number;
}

/** Quantised vectors and the losses of the quantiser. */
export interface Quantized {
  /** The codes in place of the input, [B, C, H, W]. */
  readonly vectors: Tensor;
  /** The indices of these codes, int64 [B, channelSplit, H, W]. */
  readonly indices: Tensor;
  /** The number of times that each code occurs in a sample, [B, numEmbeddings]. */
  readonly histogram: Tensor;
  /** e to the entropy of the codes in the batch: the number of codes in even use. It has no gradient. */
  readonly perplexity: Tensor;
  /** Mean squared distance of the codes from the input; its gradient moves the codes towards the encoder's output. */
  readonly codebookLoss: Tensor;
  /** The same number; its gradient keeps the encoder's output near its codes. */
  readonly commitmentLoss: Tensor;
  /** Cross-entropy between the distances of a position to all codes and its code. */
  readonly softmaxLoss: Tensor;
  /** The weighted sum of the three losses. */
  readonly loss: Tensor;
}

/**
 * Quantises x [B, channelSplit * embeddingDim, H, W] by `codebook.weight` [numEmbeddings, embeddingDim].
 * @throws ShapeError where the channels are not those of the codes.
 */
export function quantize(w: Weights, config: VectorQuantizerConfig, x: Tensor): Quantized {
  const { numEmbeddings, embeddingDim, channelSplit, commitmentCost, softmaxlossCost } = config;
  const [batch, channels, height, width] = x.shape as readonly [Dim, number, Dim, Dim];
  if (channels !== channelSplit * embeddingDim)
    throw new ShapeError(
      `quantize: ${formatShape(x.shape)} does not have ${channelSplit} codes of ${embeddingDim} per position`,
    );
  const shape = [numEmbeddings, embeddingDim];
  const codebook = w.at("codebook").parameter("weight", shape, codebookInitializer(numEmbeddings));
  const count = product([batch, height, width, channelSplit]);
  const rows = reshape(transpose(x, [0, 2, 3, 1]), [count, embeddingDim]);

  // |row - code|^2 less |row|^2, which is the same for all codes.
  const squares = sum(mul(codebook, codebook), { axes: [1] });
  const distances = sub(squares, mul(matmul(rows, matrixTranspose(codebook)), 2)); // [N, numEmbeddings]
  const nearest = argMin(stopGradient(distances), 1);
  const codes = gather(codebook, nearest);
  const codebookLoss = meanSquaredError(codes, stopGradient(rows));
  const commitmentLoss = meanSquaredError(stopGradient(codes), rows);
  const softmaxLoss = crossEntropy(neg(distances), nearest);
  const loss = add(codebookLoss, mul(commitmentLoss, commitmentCost));

  const perSample = [batch, product([height, width, channelSplit])];
  const histogram = sum(oneHot(reshape(nearest, perSample), numEmbeddings), { axes: [1] });
  const restore = (values: Tensor, depth: number) =>
    transpose(reshape(values, [batch, height, width, depth]), [0, 3, 1, 2]);
  return {
    vectors: restore(straightThrough(rows, codes), channels),
    indices: restore(nearest, channelSplit),
    histogram,
    perplexity: perplexityOf(histogram),
    codebookLoss,
    commitmentLoss,
    softmaxLoss,
    loss: softmaxlossCost === 0 ? loss : add(loss, mul(softmaxLoss, softmaxlossCost)),
  };
}

/** Perplexity of counts [B, numEmbeddings] over all samples together; the small number is the original's. */
function perplexityOf(histogram: Tensor): Tensor {
  const shares = mean(div(histogram, sum(histogram, { axes: [1], keepDims: true })), { axes: [0] });
  return exp(neg(sum(mul(shares, log(add(shares, 1e-10))))));
}

const codebookInitializer = (numEmbeddings: number): Initializer => ({
  kind: "uniform",
  bound: Math.sqrt(3 / numEmbeddings),
});
