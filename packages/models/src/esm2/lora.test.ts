import {
  compile,
  createTrainer,
  f32,
  initializeWeights,
  linear,
  meanSquaredError,
  type NdArray,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adaptedLayers, checkLora, type LoraAdapter, type LoraConfig, mergeLora, withLora } from "./lora.ts";

const config: LoraConfig = { r: 2, loraAlpha: 3, loraDropout: 0.5, targetModules: ["query", "output.dense"] };
const types = { x: f32("rows", 4) };

/** Four linear layers, of which two are targets; `key` and `dense` end like targets and are none. */
function network(w: Weights, x: Tensor): Tensor {
  const layer = w.at("layer", 0);
  const query = linear(layer.at("query"), x, 3);
  const key = linear(layer.at("monoquery"), query, 5);
  return linear(layer.at("output").at("dense"), linear(layer.at("dense"), key, 4), 2);
}

const adapted = ["layer.0.query", "layer.0.output.dense"];

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const { parameters, random } = trace(
  (w, { x }, random) => ({ y: network(withLora(w, config, { random }), x) }),
  types,
);

const values = (shape: readonly number[], phase: number): NdArray => {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, (_, i) => Math.sin(1 + phase + i)) };
};
const all = new Map([...parameters].map(([name, { shape }], index) => [name, values(shape, 3 * index)]));
const matrices = new Map([...all].filter(([name]) => name.startsWith("base_model.")));
const base = new Map([...all].filter(([name]) => !matrices.has(name)));
const adapter: LoraAdapter = { config, weights: matrices };
const x = values([3, 4], 9);

async function run(model: (w: Weights, x: Tensor) => Tensor, weights: ReadonlyMap<string, NdArray>) {
  const program = await compile(runtime, (w, inputs) => ({ y: model(w, inputs.x) }), types, { weights });
  const { y } = await program.run({ x });
  await program.close();
  return Array.from(y.data as Float32Array);
}

function expectNear(actual: readonly number[], expected: readonly number[], digits = 4): void {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index]!, digits);
}

describe("withLora", () => {
  it("adds peft's matrices to the target layers and changes no other name", () => {
    expect([...matrices].map(([name, { shape }]) => [name, shape])).toEqual([
      ["base_model.model.layer.0.query.lora_A.weight", [2, 4]],
      ["base_model.model.layer.0.query.lora_B.weight", [3, 2]],
      ["base_model.model.layer.0.output.dense.lora_A.weight", [2, 4]],
      ["base_model.model.layer.0.output.dense.lora_B.weight", [2, 2]],
    ]);
    const plain = trace((w, inputs) => ({ y: network(w, inputs.x) }), types);
    expect([...base.keys()].sort()).toEqual([...plain.parameters.keys()].sort());
  });

  it("declares the matrices in another scope where one is given", () => {
    const { parameters } = trace(
      (w, inputs) => ({ y: network(withLora(w.at("frozen"), config, { scope: w.at("trained") }), inputs.x) }),
      types,
    );
    const names = [...parameters.keys()];
    expect(names.filter((name) => name.startsWith("trained."))).toEqual(
      [...matrices.keys()].map((name) => `trained.${name}`),
    );
    expect(names.filter((name) => name.startsWith("frozen."))).toHaveLength(base.size);
  });

  it("drops from what the matrices read, in training alone", async () => {
    expect([...random.keys()]).toEqual(adapted);
    expect([...random.values()].map(({ tensor }) => tensor.shape)).toEqual([
      ["rows", 4],
      ["rows", 4],
    ]);
    expect(trace((w, inputs) => ({ y: network(withLora(w, config), inputs.x) }), types).random.size).toBe(0);
  });

  it("adds nothing before it is trained", async () => {
    const fresh = new Map(
      [...base, ...initializeWeights(parameters, 5)].map(([name, value]) => [name, base.get(name) ?? value]),
    );
    const through = await run((w, x) => network(withLora(w, config), x), fresh);
    expectNear(through, await run(network, base), 6);
  });

  it("adds (alpha / r) B A x, which merged weights do as well", async () => {
    const withAdapter = await run((w, x) => network(withLora(w, config), x), all);
    const merged = mergeLora(base, adapter);
    expectNear(await run(network, merged), withAdapter);
    const changed = [...merged].filter(([name, value]) => value !== base.get(name)).map(([name]) => name);
    expect(changed).toEqual(adapted.map((layer) => `${layer}.weight`));
    const [weight, a, b] = [
      base.get("layer.0.query.weight")!,
      matrices.get("base_model.model.layer.0.query.lora_A.weight")!,
      matrices.get("base_model.model.layer.0.query.lora_B.weight")!,
    ].map(({ data }) => data as Float32Array);
    // row 1, column 2 of [3, 4] and its two terms
    const added = (3 / 2) * (b![1 * 2]! * a![2]! + b![1 * 2 + 1]! * a![4 + 2]!);
    expect(merged.get("layer.0.query.weight")!.data[1 * 4 + 2]).toBeCloseTo(weight![1 * 4 + 2]! + added, 5);
  });

  it("is all that a trainer of its prefix moves", async () => {
    const trainer = await createTrainer(
      runtime,
      (w, inputs, random) => ({
        losses: { lora: meanSquaredError(network(withLora(w, config, { random }), inputs.x), inputs.y) },
      }),
      { x: f32(3, 4), y: f32(3, 2) },
      {
        groups: { lora: { prefix: "base_model.", learningRate: () => 0.02 } },
        weights: all,
        seed: 1,
      },
    );
    const losses = [];
    for (let step = 0; step < 30; step++)
      losses.push((await trainer.step({ x, y: values([3, 2], 2) }))["loss.lora"]!);
    expect(Math.min(...losses.slice(-5))).toBeLessThan(0.7 * losses[0]!);
    expect([...(await trainer.weights()).keys()].sort()).toEqual([...matrices.keys()].sort());
    await trainer.close();
  });
});

describe("checkLora", () => {
  const without = (name: string) => new Map([...matrices].filter(([key]) => key !== name));
  const a = "base_model.model.layer.0.query.lora_A.weight";

  it("takes an adapter of the network", () => {
    expect(adaptedLayers(adapter)).toEqual(adapted);
    expect(() => checkLora(adapter, base)).not.toThrow();
  });

  it.each([
    ["a missing half", without(a), /layer\.0\.query\.lora_A\.weight is missing/],
    [
      "another rank",
      new Map([...matrices, [a, values([4, 4], 0)]]),
      /lora_A\.weight is \[4, 4\] instead of \[2, 4\]/,
    ],
    [
      "a layer of another network",
      new Map([...matrices, ["base_model.model.layer.7.query.lora_A.weight", values([2, 4], 0)]]),
      /adapts layer\.7\.query, which is no linear layer/,
    ],
    [
      "a layer that its configuration does not name",
      new Map([...matrices, ["base_model.model.layer.0.dense.lora_A.weight", values([2, 5], 0)]]),
      /adapts layer\.0\.dense, which is none of its target modules/,
    ],
    [
      "something else",
      new Map([...matrices, ["classifier.weight", x]]),
      /classifier\.weight is no matrix of LoRA/,
    ],
    ["nothing", new Map(), /it adapts no layer/],
  ])("refuses %s by name", (_, weights, message) => {
    expect(() => checkLora({ config, weights }, base)).toThrow(message);
    expect(() => mergeLora(base, { config, weights })).toThrow(
      expect.objectContaining({ name: "WeightsError" }),
    );
  });
});
