import { describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import { type AttentionOptions, attention } from "../ops/attention.ts";
import { add, mul } from "../ops/elementwise.ts";
import { matrixTranspose, reshape, transpose } from "../ops/layout.ts";
import { matmul } from "../ops/matmul.ts";
import { softmax } from "../ops/reduce.ts";
import { input, type Tensor } from "../tensor.ts";
import { array, evaluate, numbers, random, sharedRuntime } from "../testing/evaluate.ts";
import { operatorNames } from "../testing/operators.ts";
import { f32 } from "../trace.ts";
import { fuseAttention } from "./fuse-attention.ts";
import { simplify } from "./simplify.ts";

const fused = (y: Tensor, leaves: readonly Tensor[]) => simplify([y], leaves, [fuseAttention])[0]!;
const leaf = (...shape: (number | string)[]) => input("x", { dtype: "float32", shape });

describe("attention as one operator", () => {
  test.each([
    { what: "as many keys as queries", query: [2, 3, 5, 4], key: [2, 3, 5, 4], bias: undefined },
    { what: "values wider than keys", query: [2, 3, 5, 4], key: [2, 3, 7, 4], value: [2, 3, 7, 6] },
    { what: "one sequence for three samples", query: [3, 2, 5, 4], key: [1, 2, 7, 4], bias: undefined },
    { what: "a bias of each key", query: [2, 3, 5, 4], key: [2, 3, 7, 4], bias: [2, 1, 1, 7] },
    { what: "a bias for all samples", query: [2, 3, 5, 4], key: [2, 3, 7, 4], bias: [1, 1, 1, 7] },
    { what: "one masked sequence", query: [3, 2, 5, 4], key: [1, 2, 7, 4], bias: [1, 1, 1, 7] },
    { what: "many keys, in several blocks", query: [1, 2, 300, 16], key: [1, 2, 700, 16], bias: undefined },
    { what: "many keys and a bias", query: [1, 2, 300, 16], key: [1, 2, 700, 16], bias: [1, 1, 1, 700] },
  ])("$what: the values are those of the definition", async ({ query, key, value = key, bias }) => {
    const keys = key[2]!;
    const mask =
      bias &&
      array(
        bias,
        Array.from({ length: bias[0]! * keys }, (_, i) => (i % 5 === 2 ? -1e4 : 0.3 * (i % 3))),
      );
    const arrays = [random(query, 1), random(key, 2), random(value, 3), ...(mask ? [mask] : [])];
    for (const scale of [undefined, 1, 0.25]) {
      const [plain, fast] = await evaluate(
        (...tensors) => {
          const [q, k, v, b] = tensors as [Tensor, Tensor, Tensor, Tensor | undefined];
          const options: AttentionOptions = {
            ...(b ? { bias: b } : {}),
            ...(scale === undefined ? {} : { scale }),
          };
          const one = fused(attention(q, k, v, options), tensors as Tensor[]);
          expect(operatorNames(one)).toContain("MultiHeadAttention");
          expect(operatorNames(one)).not.toContain("Softmax");
          const scores = mul(matmul(q, matrixTranspose(k)), scale ?? 1 / Math.sqrt(query[3]!));
          return [matmul(softmax(b === undefined ? scores : add(scores, b)), v), one];
        },
        ...arrays,
      );
      expect(fast!.shape).toEqual(plain!.shape);
      const wanted = numbers(plain!);
      const errors = numbers(fast!).map((value, i) => Math.abs(value - wanted[i]!));
      expect(Math.max(...errors)).toBeLessThan(1e-5);
    }
  });

  test("moves no values where heads are split from channels before and merged after", () => {
    const x = leaf("samples", "tokens", 12);
    const heads = transpose(reshape(x, ["samples", "tokens", 3, 4]), [0, 2, 1, 3]);
    const seen = attention(heads, heads, heads);
    const y = fused(reshape(transpose(seen, [0, 2, 1, 3]), x.shape), [x]);
    expect(operatorNames(y)).toEqual(["MultiHeadAttention"]);
  });

  test("is left alone where the operator does not fit", () => {
    const [q, k] = [leaf(2, 3, 5, 4), leaf(2, 3, 7, 4)];
    const cases: [Tensor, Tensor, AttentionOptions][] = [
      [leaf(2, 5, 4), leaf(2, 7, 4), {}],
      [q, k, { bias: leaf(2, 3, 5, 7) }],
      [q, k, { bias: leaf(1, 3, 1, 7) }],
      [q, leaf(2, 1, 7, 4), {}],
    ];
    for (const [query, key, options] of cases)
      expect(operatorNames(fused(attention(query, key, key, options), [query, key]))).toContain("Softmax");
  });

  test("is what an inference program runs, for open numbers of samples and keys", async () => {
    const types = { query: f32("samples", 2, 3, 4), key: f32(1, 2, "keys", 4) };
    const program = await compile(
      await sharedRuntime,
      (_, { query, key }) => ({ y: attention(query, key, key) }),
      types,
      { weights: new Map() },
    );
    const key = array([1, 2, 2, 4], Array(16).fill(0.5));
    const { y } = await program.run({ query: random([3, 2, 3, 4], 1), key });
    await program.close();
    expect(y.shape).toEqual([3, 2, 3, 4]);
    numbers(y).forEach((value) => void expect(value).toBeCloseTo(0.5, 6));
  });
});
