/**
 * Scaled dot-product attention (Vaswani et al. 2017) and rotary position embedding (Su et al. 2021).
 */
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, cos, mul, neg, sin, vector } from "./elementwise.ts";
import { positions } from "./gather.ts";
import { concat, expandDims, matrixTranspose, split } from "./layout.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./reduce.ts";

export interface AttentionOptions {
  /** Added to the scores before the softmax; broadcasts to [B, heads, queries, keys]. */
  bias?: Tensor;
  /** 1 / sqrt(head size) when absent; 1 where the queries are scaled already. */
  scale?: number;
}

/** query [B, heads, Q, D], key and value [B, heads, K, D] -> [B, heads, Q, D]. */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { bias, scale }: AttentionOptions = {},
): Tensor {
  const factor = scale ?? 1 / Math.sqrt(fixed(query.shape.at(-1), "attention", "the head size"));
  const scores = matmul(factor === 1 ? query : mul(query, factor), matrixTranspose(key)); // [B, heads, Q, K]
  return matmul(softmax(bias === undefined ? scores : add(scores, bias)), value);
}

/** Rotates the halves of the last axis of x [..., L, D] by position, as ESM2 and GPT-NeoX do ("rotate half"). */
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
