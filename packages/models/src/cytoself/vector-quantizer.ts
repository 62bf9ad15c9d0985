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
  /** Codes in the codebook. */
  readonly numEmbeddings: number;
  /** Numbers in a code. */
  readonly embeddingDim: number;
  /** Codes at a position. */
  readonly channelSplit: number;
  readonly commitmentCost: number;
  /** Of the cross-entropy between a position's distances and its code; usually 0. */
  readonly softmaxlossCost: number;
}

export interface Quantized {
  /** The codes in place of the input, [B, C, H, W]. */
  readonly vectors: Tensor;
  /** Which codes these are, int64 [B, channelSplit, H, W]. */
  readonly indices: Tensor;
  /** How often each code stands in a sample, [B, numEmbeddings]. */
  readonly histogram: Tensor;
  /** e to the entropy of the codes in the batch: how many are in even use. No gradient. */
  readonly perplexity: Tensor;
  /** Mean squared distance of the codes from the input, by whose gradient codes follow the encoder. */
  readonly codebookLoss: Tensor;
  /** The same number, by whose gradient the encoder stays with its codes. */
  readonly commitmentLoss: Tensor;
  readonly softmaxLoss: Tensor;
  /** The three by their costs. */
  readonly loss: Tensor;
}

/** x [B, channelSplit * embeddingDim, H, W], quantised by `codebook.weight` [numEmbeddings, embeddingDim]. */
export function quantize(w: Weights, config: VectorQuantizerConfig, x: Tensor): Quantized {
  const { numEmbeddings, embeddingDim, channelSplit, commitmentCost, softmaxlossCost } = config;
  const [batch, channels, height, width] = x.shape as readonly [Dim, number, Dim, Dim];
  if (channels !== channelSplit * embeddingDim)
    throw new ShapeError(
      `quantize: ${formatShape(x.shape)} does not have ${channelSplit} codes of ${embeddingDim} at a position`,
    );
  const shape = [numEmbeddings, embeddingDim];
  const codebook = w.at("codebook").parameter("weight", shape, codebookInitializer(numEmbeddings));
  const places = [batch, height, width, channelSplit];
  const rows = reshape(transpose(x, [0, 2, 3, 1]), [product(places), embeddingDim]);

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

/** Of counts [B, numEmbeddings], all samples together; the small number is the original's. */
function perplexityOf(histogram: Tensor): Tensor {
  const shares = mean(div(histogram, sum(histogram, { axes: [1], keepDims: true })), { axes: [0] });
  return exp(neg(sum(mul(shares, log(add(shares, 1e-10))))));
}

const codebookInitializer = (numEmbeddings: number): Initializer => ({
  kind: "uniform",
  bound: Math.sqrt(3 / numEmbeddings),
});
