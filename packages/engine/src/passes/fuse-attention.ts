/**
 * A lowering for inference on the cpu of attention to one operator of ONNX Runtime, whose kernel goes through the scores in
 * blocks that stay in cache and never holds them all (Dao et al. 2022, arXiv:2205.14135). It has no gradient.
 *
 * Contract: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmultiheadattention
 */
import { broadcastTo } from "../ops/broadcast.ts";
import { mul } from "../ops/elementwise.ts";
import { concat, pad, reshape, slice, transpose } from "../ops/layout.ts";
import { type Dim, product } from "../shape.ts";
import { apply, type Operator, type Tensor } from "../tensor.ts";
import { constantValues } from "./constants.ts";
import type { Rule } from "./rewrite.ts";

const multiHeadAttention: Operator = { name: "MultiHeadAttention", domain: "com.microsoft" };

/** Rewrites attention of query [B, heads, Q, D], key and value [B or 1, heads, K, D] with a bias per key or none. */
export const fuseAttention: Rule = ({ operator, inputs }) => {
  if (operator.name !== "Attention") return undefined;
  const [seen, , scaled, key, value, bias] = inputs as readonly [Tensor, ...Tensor[]] & { 5?: Tensor };
  if (seen.shape.length !== 4 || key!.shape[1] !== scaled!.shape[1]) return undefined;
  const { x: query, factor } = separateScale(scaled!);
  // One sequence for all samples: their queries are more queries of one sample.
  const isShared = key!.shape[0] === 1 && query.shape[0] !== 1;
  if (!isShared && key!.shape[0] !== query.shape[0]) return undefined;
  if (value!.shape[0] !== key!.shape[0]) return undefined;
  let [queries, keys] = [channelsLast(query), channelsLast(key!)];
  if (bias !== undefined) {
    const [samples, heads, rows] = bias.shape;
    if (bias.shape.length !== 4 || heads !== 1 || rows !== 1) return undefined;
    if (samples !== 1 && samples !== key!.shape[0]) return undefined;
    [queries, keys] = withBias(queries, keys, mul(bias, 1 / factor));
  }
  const [batch, heads, count, size] = seen.shape as [Dim, number, Dim, Dim];
  const flat = mergeHeads(queries);
  const shape = [batch, count, product([heads, size])];
  const foldBatch = (x: Tensor) => (isShared ? reshape(x, [1, product([batch, count]), x.shape[2]!]) : x);
  const attributes = { num_heads: heads, scale: { float: factor } };
  const operands = [foldBatch(flat), mergeHeads(keys), mergeHeads(channelsLast(value!))];
  const outputShape = isShared ? [1, product([batch, count]), shape[2]!] : shape;
  const y = apply(multiHeadAttention, operands, attributes, { dtype: seen.dtype, shape: outputShape });
  return [channelsLast(reshape(reshape(y, shape), [batch, count, heads, size]))];
};

/** Separates x * factor where the factor is known. */
function separateScale(scaled: Tensor): { x: Tensor; factor: number } {
  const [x, factor] = scaled.node.inputs as readonly [Tensor, Tensor];
  const values = scaled.node.operator.name === "Mul" ? constantValues(factor) : undefined;
  return values?.length === 1 && x.shape.length === 4 ? { x, factor: values[0]! } : { x: scaled, factor: 1 };
}

/** Exchanges heads and positions: [B, heads, N, D] -> [B, N, heads, D], and back. */
const channelsLast = (x: Tensor) => transpose(x, [0, 2, 1, 3]);

/** Merges heads: [B, N, heads, D] -> [B, N, heads * D]. */
function mergeHeads(x: Tensor): Tensor {
  const [batch, count, heads, size] = x.shape as [Dim, Dim, Dim, Dim];
  return reshape(x, [batch, count, product([heads, size])]);
}

/** Appends a key's bias to the key, and to every query a 1 that multiplies it: D -> D + 1. */
function withBias(queries: Tensor, keys: Tensor, bias: Tensor): [Tensor, Tensor] {
  const column = transpose(bias, [0, 3, 1, 2]); // [B or 1, K, 1, 1]
  const like = slice(keys, 3, 0, 1);
  const ones = pad(queries, [0, 0, 0, 0], [0, 0, 0, 1], 1);
  return [ones, concat([keys, broadcastTo(column, like.shape, like)], 3)];
}
