import { describe, expect, test } from "vitest";
import { ancestors, grad, pullback, valueAndGrad } from "./gradient.ts";
import { convolution, dropout, groupNorm, linear } from "./nn/layers.ts";
import { sum } from "./ops/broadcast.ts";
import { add, exp, mul, relu, sin, stopGradient } from "./ops/elementwise.ts";
import { reshape } from "./ops/layout.ts";
import { meanSquaredError } from "./ops/loss.ts";
import { matmul } from "./ops/matmul.ts";
import { mean } from "./ops/reduce.ts";
import { input, scalar, type Tensor } from "./tensor.ts";
import { array, compileFunction, evaluate, numbers, random } from "./testing/evaluate.ts";
import { expectGradients } from "./testing/finite-differences.ts";
import { createWeights } from "./weights.ts";

const symbol = (...shape: (number | string)[]) => input("x", { dtype: "float32", shape });

describe("grad", () => {
  test("adds the gradients of all uses of a tensor", async () => {
    await expectGradients((x) => add(mul(x, x), add(sin(x), mul(x, exp(x)))), [random([5], 1)]);
  });

  test("follows shared subexpressions once", () => {
    let y = symbol(1);
    for (let i = 0; i < 60; i++) y = add(y, y); // 2^60 paths
    const x = ancestors([y])[0]!.outputs[0]!;
    const [gradient] = grad(sum(y), [x]);
    expect(ancestors([gradient!]).length).toBeLessThan(200);
  });

  test("comes with the value when asked", async () => {
    const [value, gradient] = await evaluate(
      (x) => {
        const { value, gradients } = valueAndGrad((y) => sum(mul(y, y)), [x]);
        return [value, gradients[0]!];
      },
      array([2], [3, 4]),
    );
    expect([numbers(value!), numbers(gradient!)]).toEqual([[25], [6, 8]]);
  });

  test("gives zeros of the target's shape where the loss does not depend on it", async () => {
    const [gradient] = await evaluate((x, y) => grad(sum(x), [y]), random([2], 1), random([2, 3], 2));
    expect([gradient!.shape, numbers(gradient!)]).toEqual([[2, 3], Array(6).fill(0)]);
  });

  test("reaches inner tensors, the loss itself among them", async () => {
    const [inner, self] = await evaluate(
      (x) => {
        const hidden = mul(x, 3);
        const loss = sum(mul(hidden, hidden));
        return grad(loss, [hidden, loss]);
      },
      array([2], [1, 2]),
    );
    expect(numbers(inner!)).toEqual([6, 12]);
    expect(numbers(self!)).toEqual([1]);
  });

  test("can be differentiated again", async () => {
    const cubed = (x: Tensor) => mul(x, mul(x, x));
    await expectGradients((x) => grad(sum(cubed(x)), [x])[0]!, [random([4], 3)]);
  });

  test("computes nothing for inputs that are no targets", () => {
    const [x, w] = [symbol(4, 3), symbol(3, 2)];
    const nodes = ancestors(grad(sum(matmul(x, w)), [w]));
    expect(nodes.filter(({ operator }) => operator.name === "MatMul")).toHaveLength(1);
  });

  test("refuses a loss that is no scalar", () => {
    expect(() => grad(symbol(2, 3), [])).toThrow("grad: the loss must be a scalar, got [2, 3]");
  });

  test("names the operator whose rule gives another shape", () => {
    const x = symbol(2, 3);
    const wrong = { name: "Odd", gradient: () => [scalar(1)] };
    const [y] = [{ ...mul(x, 1) }];
    const node = { ...y!.node, operator: wrong, outputs: [] as Tensor[] };
    const output = { ...y!, node };
    node.outputs.push(output);
    expect(() => grad(sum(output), [x])).toThrow("gradient of Odd: [] does not fit [2, 3]");
  });
});

describe("pullback", () => {
  test("gives the gradients of several losses from one forward", async () => {
    const [x, w] = [random([3, 4], 1), random([4, 2], 2)];
    const layer = (a: Tensor, b: Tensor) => relu(matmul(a, b));
    const count = (tensors: readonly Tensor[]) =>
      ancestors(tensors).filter(({ operator }) => operator.name === "MatMul").length;
    let matmuls = 0;
    const [first, second, both] = await evaluate(
      (a, b) => {
        const y = layer(a, b);
        const losses = [sum(y), mean(mul(y, y))] as const;
        const gradients = losses.map((loss) => pullback([loss], [scalar(1)], [b])[0]!);
        const [combined] = pullback(losses, [scalar(2), scalar(-3)], [b]);
        matmuls = count(gradients);
        return [...gradients, combined!];
      },
      x,
      w,
    );
    expect(matmuls).toBe(3); // the forward's once, and one a loss
    for (const [i, value] of numbers(both!).entries())
      expect(value).toBeCloseTo(2 * numbers(first!)[i]! - 3 * numbers(second!)[i]!, 5);
  });

  test("leaves a target undefined that no output depends on", () => {
    const [x, y] = [symbol(2), symbol(2)];
    const [toX, toY] = pullback([mul(x, 2)], [y], [x, y]);
    expect(toX!.shape).toEqual([2]);
    expect(toY).toBeUndefined();
  });

  test("skips outputs without a gradient and paths that are stopped", () => {
    const x = symbol(2);
    expect(pullback([mul(x, 2)], [undefined], [x])).toEqual([undefined]);
    expect(pullback([stopGradient(x)], [symbol(2)], [x])).toEqual([undefined]);
  });

  test("refuses a gradient of another shape than its output", () => {
    const x = symbol(2);
    expect(() => pullback([mul(x, 2)], [symbol(3)], [x])).toThrow(
      "gradient of an output: [3] does not fit [2]",
    );
  });
});

test("a small network of every layer kind has the gradients of finite differences", async () => {
  const x = random([2, 4, 6, 6], 1);
  const shapes = { conv: [6, 4, 3, 3], scale: [6], shift: [6], weight: [3, 6 * 9], bias: [3] };
  const network = (image: Tensor, ...parameters: Tensor[]) => {
    const names = ["c.weight", "n.weight", "n.bias", "l.weight", "l.bias"];
    const bind = (name: string) => parameters[names.indexOf(name)];
    const w = createWeights({ parameters: new Map(), updates: new Map() }, { bind });
    const features = convolution(w.at("c"), image, 6, { kernel: 3, stride: 2, padding: 1, bias: false });
    const normal = mul(groupNorm(w.at("n"), features, 2, 1e-3), 0.7);
    return linear(w.at("l"), reshape(normal, [2, 6 * 9]), 3);
  };
  const parameters = Object.values(shapes).map((shape, i) => random(shape, i + 2));
  await expectGradients(
    (...tensors) => meanSquaredError(network(...(tensors as [Tensor])), scalar(0.5)),
    [x, ...parameters],
  );
});

test("open dimensions stay open in gradients: one session, several lengths", async () => {
  const types = [
    { dtype: "float32", shape: ["batch", "residues", 3] },
    { dtype: "float32", shape: [2, 3] },
  ];
  const loss = (x: Tensor, w: Tensor) => {
    const y = relu(
      linear(createWeights({ parameters: new Map(), updates: new Map() }, { bind: () => w }), x, 2, {
        bias: false,
      }),
    );
    return sum(mul(y, y));
  };
  const { run, program } = await compileFunction((x, w) => [loss(x, w), ...grad(loss(x, w), [x, w])], types);
  const w = random([2, 3], 9);
  for (const [batch, residues] of [
    [1, 1],
    [2, 5],
    [3, 4],
  ] as const) {
    const x = random([batch, residues, 3], 10);
    const open = await run(x, w);
    const fixed = await evaluate((a, b) => [loss(a, b), ...grad(loss(a, b), [a, b])], x, w);
    for (const [i, value] of open.entries()) {
      expect(value.shape).toEqual(fixed[i]!.shape);
      numbers(value).forEach((v, j) => void expect(v).toBeCloseTo(numbers(fixed[i]!)[j]!, 4));
    }
  }
  await program.close();
});

test("dropout's gradient passes where its explicit uniform number keeps the value", async () => {
  const [x, u] = [random([40], 1), random([40], 2, 0, 1)];
  const random01 = (uniform: Tensor) => ({ uniform: () => uniform, normal: () => uniform });
  const [y, gradient] = await evaluate(
    (a, b) => {
      const dropped = dropout(a, 0.25, random01(b));
      return [dropped, ...grad(sum(dropped), [a])];
    },
    x,
    u,
  );
  numbers(u).forEach((value, i) => {
    expect(numbers(y!)[i]).toBeCloseTo(value < 0.25 ? 0 : numbers(x)[i]! / 0.75, 5);
    expect(numbers(gradient!)[i]).toBeCloseTo(value < 0.25 ? 0 : 1 / 0.75, 5);
  });
});
