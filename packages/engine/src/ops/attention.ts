/**
 * Scaled dot-product attention (Vaswani et al. 2017) and rotary position embedding (Su et al. 2021).
 */
import { fixed } from "../shape.ts";
import { apply, type Operator, type Tensor } from "../tensor.ts";
import { broadcastTo, sum, sumTo } from "./broadcast.ts";
import { add, cos, mul, neg, sin, vector } from "./elementwise.ts";
import { positions } from "./gather.ts";
import { concat, expandDims, matrixTranspose, pad, slice, split } from "./layout.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./reduce.ts";

/** Options of `attention`. */
export interface AttentionOptions {
  /** A bias that is added to the scores before the softmax; it broadcasts to [B, heads, Q, K]. */
  bias?: Tensor;
  /** The factor of the scores: 1 / sqrt(D) when absent; 1 where the queries are scaled already. */
  scale?: number;
}

/**
 * Returns softmax(scale query key^T + bias) value: query [B, heads, Q, D], key and value [B, heads, K, D] ->
 * [B, heads, Q, D] (Vaswani et al. 2017, equation 1).
 *
 * @throws ShapeError where the operands do not fit each other.
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { bias, scale }: AttentionOptions = {},
): Tensor {
  const factor = scale ?? 1 / Math.sqrt(fixed(query.shape.at(-1), "attention", "the head size"));
  const scaled = factor === 1 ? query : mul(query, factor);
  const weights = softmax(scoresOf(scaled, key, bias)); // [B, heads, Q, K]
  const seen = matmul(weights, value);
  const inputs = [seen, weights, scaled, key, value, ...(bias === undefined ? [] : [bias])];
  return apply(attentionOperator, inputs, {}, seen);
}

/**
 * Multiplies query [B, heads, Q, D] by key [B, heads, K, D] and adds the bias; a bias with one value per key is one more
 * column of the product.
 */
function scoresOf(query: Tensor, key: Tensor, bias: Tensor | undefined): Tensor {
  if (bias === undefined) return matmul(query, matrixTranspose(key));
  if (bias.shape.length !== key.shape.length || bias.shape.at(-2) !== 1)
    return add(matmul(query, matrixTranspose(key)), bias);
  const column = matrixTranspose(bias); // [B or 1, heads or 1, K, 1]
  const ones = pad(query, [0, 0, 0, 0], [0, 0, 0, 1], 1);
  const like = slice(key, -1, 0, 1);
  return matmul(ones, matrixTranspose(concat([key, broadcastTo(column, like.shape, like)], -1)));
}

/**
 * The gradient takes two passes over the scores: dS = P * (dO V^T - rowsum(dO * O)), whose second term is one more column
 * of the product (Dao et al. 2022, arXiv:2205.14135, appendix B.4, for the row term).
 */
const attentionOperator: Operator = {
  name: "Attention",
  isAlias: true,
  gradient: (node, [g], isNeeded) => {
    const [seen, weights, query, key, value, bias] = node.inputs as readonly Tensor[];
    const last = g!.shape.length - 1;
    const one = g!.shape.map((_, axis) => Number(axis === last));
    const none = one.map(() => 0);
    const row = neg(sum(mul(g!, seen!), { axes: [last], keepDims: true }));
    const centred = matmul(concat([g!, row], last), matrixTranspose(pad(value!, none, one, 1)));
    const scores = mul(weights!, centred); // [B, heads, Q, K]
    return [
      undefined,
      undefined,
      isNeeded(2) ? sumTo(matmul(scores, key!), query!.shape) : undefined,
      isNeeded(3) ? sumTo(matmul(matrixTranspose(scores), query!), key!.shape) : undefined,
      isNeeded(4) ? sumTo(matmul(matrixTranspose(weights!), g!), value!.shape) : undefined,
      bias !== undefined && isNeeded(5) ? sumTo(scores, bias.shape) : undefined,
    ];
  },
};

/**
 * Rotates the halves of the last axis of x [..., L, D], D even, by position, as ESM2 and GPT-NeoX do ("rotate half").
 */
export function rotaryEmbedding(x: Tensor): Tensor {
  const size = fixed(x.shape.at(-1), "rotary embedding", "the head size");
  const half = size / 2;
  const frequencies = Array.from({ length: half }, (_, i) => Math.fround(1 / 10000 ** ((2 * i) / size)));
  const angles = mul(
    expandDims(positions(x, x.shape.length - 2), 1),
    vector([...frequencies, ...frequencies]),
  ); // [L, D]
  const [first, second] = split(x, -1, [half, half]) as [Tensor, Tensor];
  return add(mul(x, cos(angles)), mul(concat([neg(second), first], -1), sin(angles)));
}
