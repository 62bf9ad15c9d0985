import { describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import type { NdArray, Tensor } from "../tensor.ts";
import { array, numbers, sharedRuntime } from "../testing/evaluate.ts";
import { f32, i64, trace } from "../trace.ts";
import { type Weights, zeros } from "../weights.ts";
import { batchNorm, convolution, dropout, embedding, groupNorm, layerNorm, linear } from "./layers.ts";

const image = f32(2, 4, 3, 3);
const declared = (layer: (w: Weights, x: Tensor) => Tensor, type = image) => {
  const { parameters } = trace((w, { x }) => ({ y: layer(w.at("layer"), x!) }), { x: type });
  return Object.fromEntries([...parameters].map(([name, { shape }]) => [name, shape]));
};

test.each([
  {
    what: "linear",
    layer: (w: Weights, x: Tensor) => linear(w, x, 5),
    shapes: { weight: [5, 3], bias: [5] },
  },
  {
    what: "linear without bias",
    layer: (w: Weights, x: Tensor) => linear(w, x, 5, { bias: false }),
    shapes: { weight: [5, 3] },
  },
  {
    what: "convolution",
    layer: (w: Weights, x: Tensor) => convolution(w, x, 6, { kernel: 3, groups: 2 }),
    shapes: { weight: [6, 2, 3, 3], bias: [6] },
  },
  {
    what: "layerNorm",
    layer: (w: Weights, x: Tensor) => layerNorm(w, x),
    shapes: { weight: [3], bias: [3] },
  },
  {
    what: "groupNorm",
    layer: (w: Weights, x: Tensor) => groupNorm(w, x, 2, 1e-5),
    shapes: { weight: [4], bias: [4] },
  },
  {
    what: "batchNorm",
    layer: (w: Weights, x: Tensor) => batchNorm(w, x, { training: true }),
    shapes: { weight: [4], bias: [4], running_mean: [4], running_var: [4] },
  },
])("$what declares PyTorch's names and shapes", ({ layer, shapes }) => {
  const expected = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [`layer.${name}`, shape]),
  );
  expect(declared(layer)).toEqual(expected);
});

describe("values", () => {
  const run = async (
    layer: (w: Weights, x: Tensor) => Record<string, Tensor>,
    x: NdArray,
    weights: Record<string, NdArray>,
  ) => {
    const type = { dtype: x.dtype as "float32", shape: x.shape };
    const options = { weights: new Map(Object.entries(weights)) };
    const program = await compile(
      await sharedRuntime,
      (w, inputs) => layer(w, inputs.x!),
      { x: type },
      options,
    );
    const outputs = await program.run({ x });
    await program.close();
    return outputs;
  };

  test("linear multiplies by the transposed weight and adds the bias", async () => {
    const weights = { weight: array([2, 3], [1, 2, 3, 4, 5, 6]), bias: array([2], [0.5, -0.5]) };
    const { y } = await run((w, x) => ({ y: linear(w, x, 2) }), array([1, 1, 3], [1, 0, -1]), weights);
    expect([y!.shape, numbers(y!)]).toEqual([
      [1, 1, 2],
      [-1.5, -2.5],
    ]);
  });

  test("embedding looks rows up", async () => {
    const weights = { weight: array([3, 2], [0, 1, 10, 11, 20, 21]) };
    const { y } = await run((w, x) => ({ y: embedding(w, x, 3, 2) }), array([2], [2, 0], "int64"), weights);
    expect(numbers(y!)).toEqual([20, 21, 0, 1]);
  });

  test("batchNorm moves its running statistics by the momentum, unbiased, as PyTorch", async () => {
    const x = array([4, 1, 1, 1], [1, 2, 3, 6]); // mean 3, unbiased variance 14 / 3
    const { parameters, updates } = trace(
      (w, inputs) => ({ y: batchNorm(w, inputs.x!, { training: true }) }),
      {
        x: f32(4, 1, 1, 1),
      },
    );
    expect([...parameters.keys()]).toContain("running_var");
    expect([...updates.keys()].sort()).toEqual(["running_mean", "running_var"]);
    const statistics = { running_mean: array([1], [10]), running_var: array([1], [2]) };
    const { mean, variance } = await run(
      (w, t) => {
        const captured: Record<string, Tensor> = {};
        batchNorm({ ...w, update: (name, value) => void (captured[name] = value) }, t, {
          training: true,
          affine: false,
        });
        return { mean: captured.running_mean!, variance: captured.running_var! };
      },
      x,
      statistics,
    );
    expect(numbers(mean!)[0]).toBeCloseTo(0.9 * 10 + 0.1 * 3, 5);
    expect(numbers(variance!)[0]).toBeCloseTo(0.9 * 2 + (0.1 * 14) / 3, 5);
  });
});

test("dropout is the identity without random numbers or at rate zero", () => {
  trace(
    (_w, { x }, source) => {
      expect(dropout(x!, 0.5, undefined)).toBe(x);
      expect(dropout(x!, 0, source)).toBe(x);
      expect(dropout(x!, 0.5, source)).not.toBe(x);
      return {};
    },
    { x: f32(2, 3) },
  );
});

test("dropout draws numbers of the shape of what it drops, open dimensions included", () => {
  const { random } = trace((_w, { x }, source) => ({ y: dropout(x!, 0.5, source, "here") }), {
    x: f32(2, "residues"),
  });
  expect(random.get("here")).toMatchObject({ distribution: "uniform", tensor: { shape: [2, "residues"] } });
});

test("a linear layer adds what the adapter of its scope gives, and nothing where there is none", () => {
  const { parameters } = trace(
    (w, { x }) => {
      const plain = linear(w.at("plain"), x!, 5);
      const scope = w.at("adapted");
      const asked: unknown[] = [];
      const silent = linear({ ...scope, adapt: (...args) => void asked.push(...args) }, x!, 5);
      const extended = linear({ ...scope, adapt: (_x, out) => linear(w.at("extra"), x!, out) }, x!, 5);
      expect(asked).toEqual([x, 5]);
      expect(silent.node.operator.name).toBe(plain.node.operator.name);
      expect(extended.node.inputs[0]!.node).toMatchObject({ operator: silent.node.operator });
      expect(extended.shape).toEqual([2, 4, 3, 5]);
      return { plain, silent, extended };
    },
    { x: image },
  );
  expect([...parameters.keys()].filter((name) => name.startsWith("extra."))).toHaveLength(2);
});

test("a linear layer starts from the given initial values", () => {
  const normal = { kind: "normal", deviation: 0.02 } as const;
  const { parameters } = trace(
    (w, { x }) => ({ y: linear(w, x!, 5, { weightInitializer: normal, biasInitializer: zeros }) }),
    { x: image },
  );
  expect(parameters.get("weight")!.initializer).toEqual(normal);
  expect(parameters.get("bias")!.initializer).toEqual(zeros);
});

test("an embedding declares its table, whatever the indices' shape", () => {
  expect(declared((w, x) => embedding(w, x, 7, 3), i64("batch", "residues"))).toEqual({
    "layer.weight": [7, 3],
  });
});
