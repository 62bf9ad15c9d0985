import { describe, expect, test } from "vitest";
import { grad } from "../gradient.ts";
import { dropout, linear } from "../nn/layers.ts";
import { input, type NdArray, type Tensor } from "../tensor.ts";
import { array, compileFunction, evaluate, numbers, random } from "../testing/evaluate.ts";
import { expectGradients } from "../testing/finite-differences.ts";
import { peakElements } from "../testing/peak-memory.ts";
import { createWeights } from "../weights.ts";
import { sum } from "./broadcast.ts";
import { add, mul, sigmoid, silu, sin } from "./elementwise.ts";
import { gather } from "./gather.ts";
import { reshape, slice } from "./layout.ts";
import { matmul } from "./matmul.ts";
import { rematerialize } from "./rematerialize.ts";

type Block = (...inputs: Tensor[]) => readonly Tensor[];
type Wrap = (block: Block, inputs: readonly Tensor[]) => readonly Tensor[];
const plainly: Wrap = (block, inputs) => block(...inputs);

/** The outputs of a function of tensors must be the same with and without rematerialisation. */
async function expectSame(f: (wrap: Wrap) => (...tensors: Tensor[]) => readonly Tensor[], inputs: NdArray[]) {
  const expected = await evaluate(f(plainly), ...inputs);
  const actual = await evaluate(f(rematerialize), ...inputs);
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, value] of actual.entries())
    numbers(value).forEach((v, j) => void expect(v).toBeCloseTo(numbers(expected[i]!)[j]!, 5));
}

describe("rematerialize", () => {
  const x = random([3, 4], 1);
  const w = random([4, 4], 2);

  test("gives the values and the gradients of the plain block, surroundings included", async () => {
    const block = (weight: Tensor) => (h: Tensor) => [silu(matmul(silu(h), weight))];
    await expectSame(
      (wrap) => (a, b) => {
        const [y] = wrap(block(b), [a]) as [Tensor];
        return [y, ...grad(sum(mul(y, y)), [a, b])];
      },
      [x, w],
    );
    await expectGradients((a, b) => rematerialize(block(b), [a])[0]!, [x, w]);
  });

  test("passes the gradients of several outputs and inputs, used or not", async () => {
    const block = (a: Tensor, b: Tensor) => [mul(a, sin(b)), silu(a), a];
    await expectSame(
      (wrap) => (a, b) => {
        const [first, second, third] = wrap(block, [a, b]) as [Tensor, Tensor, Tensor];
        const all = add(add(first, mul(second, second)), third);
        return [...grad(sum(all), [a, b]), ...grad(sum(second), [a, b])];
      },
      [x, random([3, 4], 3)],
    );
  });

  test("counts what surroundings depend on once", async () => {
    await expectSame(
      (wrap) => (a, flat) => {
        const [left, all] = [slice(flat, 0, 0, 4), mul(flat, 2)];
        const block = (h: Tensor) => [mul(add(mul(h, left), slice(all, 0, 4, 8)), sum(flat))];
        const [y] = wrap(block, [mul(a, 3)]) as [Tensor];
        return grad(sum(mul(y, y)), [a, flat]);
      },
      [x, random([8], 4)],
    );
  });

  test("passes the gradient of an output that depends on no input", async () => {
    await expectSame(
      (wrap) => (a, b) => {
        const [y, z] = wrap((h) => [silu(h), sigmoid(b)], [a]) as [Tensor, Tensor];
        return grad(add(sum(y), sum(mul(z, z))), [a, b]);
      },
      [x, w],
    );
  });

  test("works block in block and block after block", async () => {
    await expectSame(
      (wrap) => (a, b) => {
        const layer: Block = (h) => [silu(matmul(h!, b))];
        const two: Block = (h) => wrap(layer, wrap(layer, [h!]));
        const [y] = wrap(two, wrap(two, [a])) as [Tensor];
        return [y, ...grad(sum(mul(y, y)), [a, b])];
      },
      [x, w],
    );
  });

  test("can be differentiated twice", async () => {
    const once = (a: Tensor) => grad(sum(rematerialize((h) => [mul(sin(h), h)], [a])[0]!), [a])[0]!;
    await expectGradients(once, [x]);
  });

  test("repeats the same random numbers and declares each parameter once", async () => {
    const u = random([3, 4], 7, 0, 1);
    let draws = 0;
    await expectSame(
      (wrap) => (a, uniform, weight) => {
        const w = createWeights(
          { parameters: new Map(), updates: new Map() },
          { bind: () => reshape(weight, [4, 4]) },
        );
        const draw = () => {
          draws++;
          return uniform;
        };
        const [y] = wrap(
          (h) => [dropout(linear(w, h, 4, { bias: false }), 0.5, { uniform: draw, normal: draw })],
          [a],
        ) as [Tensor];
        return grad(sum(mul(y, y)), [a, weight]);
      },
      [x, u, random([16], 8)],
    );
    expect(draws).toBe(2); // one a traced function
  });

  test("takes integer inputs beside one of a floating type, and refuses them alone", async () => {
    const indices = array([2], [2, 0], "int64");
    await expectSame(
      (wrap) => (a, i) => grad(sum(silu(wrap((h, k) => [gather(silu(h), k)], [a, i])[0]!)), [a]),
      [x, indices],
    );
    const integer = input("i", { dtype: "int64", shape: [2] });
    expect(() => rematerialize((i) => [i], [integer])).toThrow(
      "at least one input must be of a floating type",
    );
  });

  test("keeps open dimensions open", async () => {
    const types = [{ dtype: "float32", shape: ["batch", 3, "residues"] }];
    const f = (wrap: Wrap) => (a: Tensor) => grad(sum(wrap((h) => [mul(silu(h), silu(h))], [a])[0]!), [a]);
    const [open, plain] = [
      await compileFunction(f(rematerialize), types),
      await compileFunction(f(plainly), types),
    ];
    for (const shape of [
      [1, 3, 2],
      [2, 3, 5],
    ]) {
      const values = random(shape, 5);
      const [expected] = await plain.run(values);
      const [actual] = await open.run(values);
      numbers(actual!).forEach((v, i) => void expect(v).toBeCloseTo(numbers(expected!)[i]!, 5));
    }
    await open.program.close();
    await plain.program.close();
  });

  test("lowers the peak of values held, from all blocks' to one block's", () => {
    const peak = (wrap: Wrap) => {
      const a = input("a", { dtype: "float32", shape: [1000] });
      let h = a;
      for (let i = 0; i < 10; i++) h = wrap((t) => [silu(silu(silu(silu(t))))], [h])[0]!;
      return peakElements(grad(sum(h), [a])) / 1000;
    };
    expect(peak(plainly)).toBeGreaterThan(75); // 10 blocks of 4 activations of 2 values
    expect(peak(rematerialize)).toBeLessThan(25); // 10 inputs and one block's values
  });
});
