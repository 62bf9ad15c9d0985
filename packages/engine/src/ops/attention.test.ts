import { describe, expect, test } from "vitest";
import { ancestors, pullback } from "../gradient.ts";
import { input, type NdArray, type Node } from "../tensor.ts";
import { array, evaluate, numbers, random, valuesOf } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { attention, rotaryEmbedding } from "./attention.ts";

describe("attention", () => {
  const query = random([2, 2, 3, 4], 1, -2, 2);
  const key = random([2, 2, 5, 4], 2, -2, 2);
  const value = random([2, 2, 5, 4], 3);

  test("averages values by the softmax of scaled scores", async () => {
    const [y] = await evaluate((q, k, v) => [attention(q, k, v)], query, key, value);
    const [q, k, v] = [query, key, value].map(numbers) as [number[], number[], number[]];
    for (let head = 0; head < 4; head++)
      for (let row = 0; row < 3; row++) {
        const dot = (column: number) =>
          [0, 1, 2, 3].reduce(
            (total, d) => total + q[(head * 3 + row) * 4 + d]! * k[(head * 5 + column) * 4 + d]!,
            0,
          );
        const weights = [0, 1, 2, 3, 4].map((column) => Math.exp(dot(column) / 2));
        const total = weights.reduce((a, b) => a + b);
        const expected = weights.reduce(
          (sum, w, column) => sum + (w / total) * v[(head * 5 + column) * 4]!,
          0,
        );
        expect(numbers(y!)[(head * 3 + row) * 4]).toBeCloseTo(expected, 5);
      }
  });

  test("has the gradients of finite differences", async () => {
    await expectGradients((q, k, v) => attention(q, k, v), [query, key, value]);
    await expectGradients((q, k, v) => attention(q, k, v, { scale: 1 }), [query, key, value]);
    await expectGradients(
      (q, k, v, bias) => attention(q, k, v, { bias }),
      [query, key, value, random([2, 1, 1, 5], 4)],
    );
    await expectGradients(
      (q, k, v, bias) => attention(q, k, v, { bias }),
      [query, key, value, random([1, 2, 3, 5], 4)],
    );
    await expectGradients((q, k, v) => attention(q, k, v), [query, random([1, 2, 5, 4], 2), value]);
  });

  test("makes and multiplies the scores on the way back, and no other pass over them", () => {
    const leaf = (name: string, length: number) =>
      input(name, { dtype: "float32", shape: [2, 2, length, 4] });
    const [q, k, v] = [leaf("q", 3), leaf("k", 7), leaf("v", 7)];
    const y = attention(q, k, v);
    const isScores = ({ outputs }: Node) => `${outputs[0]!.shape}` === "2,2,3,7";
    const forward = new Set(ancestors([y]));
    const backward = ancestors(pullback([y], [y], [q, k, v]).map((gradient) => gradient!));
    const names = backward.filter((node) => isScores(node) && !forward.has(node));
    expect(names.map(({ operator }) => operator.name)).toEqual(["MatMul", "Mul"]);
  });

  test("a bias of minus infinity, or a large negative one, hides a key", async () => {
    const hidden = [1, 4];
    const visible = (x: NdArray) =>
      array(
        [2, 2, 3, 4],
        numbers(x).filter((_, i) => !hidden.includes(Math.floor(i / 4) % 5)),
      );
    const expected = await valuesOf((q, k, v) => attention(q, k, v), query, visible(key), visible(value));
    for (const low of [Number.NEGATIVE_INFINITY, -1e9]) {
      const bias = array([1, 1, 1, 5], [0, low, 0, 0, low]);
      const actual = await valuesOf((q, k, v, b) => attention(q, k, v, { bias: b }), query, key, value, bias);
      for (const [i, expectedValue] of expected.entries()) expect(actual[i]).toBeCloseTo(expectedValue, 5);
    }
  });
});

describe("rotaryEmbedding", () => {
  const x = random([2, 3, 6], 5);

  test("turns pair (i, i + D/2) at position p by the angle p / 10000^(2i/D)", async () => {
    const [y] = await evaluate((t) => [rotaryEmbedding(t)], x);
    const [values, rotated] = [numbers(x), numbers(y!)];
    for (let p = 0; p < 3; p++)
      for (let i = 0; i < 3; i++) {
        const angle = p / 10000 ** ((2 * i) / 6);
        const [a, b] = [values[p * 6 + i]!, values[p * 6 + i + 3]!];
        expect(rotated[p * 6 + i]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 5);
        expect(rotated[p * 6 + i + 3]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 5);
      }
  });

  test("has the gradient of finite differences", () => expectGradients(rotaryEmbedding, [x]));

  test("keeps scores a function of the distance between positions", async () => {
    const row = numbers(random([4], 6));
    const repeated = array([1, 6, 4], Array(6).fill(row).flat());
    const [y] = await evaluate((t) => [rotaryEmbedding(t)], repeated);
    const at = (p: number) => numbers(y!).slice(4 * p, 4 * p + 4);
    const dot = (a: number[], b: number[]) => a.reduce((total, value, i) => total + value * b[i]!, 0);
    expect(dot(at(0), at(2))).toBeCloseTo(dot(at(3), at(5)), 5);
  });
});
