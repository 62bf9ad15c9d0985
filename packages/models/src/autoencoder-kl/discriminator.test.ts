import {
  createGenerator,
  exportOnnx,
  f32,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { discriminator, discriminatorDefaults } from "./discriminator.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

const small = { baseChannels: 4, layers: 2 };

function traced(config = discriminatorDefaults, side = 100, training = true, batches = 1) {
  return trace(
    (w, { x }) => {
      const logits = Array.from({ length: batches }, () => discriminator(w, config, x, { training }));
      return { y: logits[0]! };
    },
    { x: f32(2, 2, side, side) },
  );
}

function noise(shape: readonly number[]): NdArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: "float32", shape, data: createGenerator(1, "x").normal(count) };
}

describe("the patch discriminator", () => {
  it("has the names and shapes of pix2pix", () => {
    const { parameters } = traced();
    const table = Object.fromEntries([...parameters].map(([name, { shape }]) => [name, shape]));
    expect(table).toMatchObject({
      "main.0.weight": [64, 2, 4, 4],
      "main.0.bias": [64],
      "main.2.weight": [128, 64, 4, 4],
      "main.3.running_var": [128],
      "main.8.weight": [512, 256, 4, 4],
      "main.9.bias": [512],
      "main.11.weight": [1, 512, 4, 4],
      "main.11.bias": [1],
    });
    expect(table["main.2.bias"]).toBeUndefined();
  });

  it("gives one logit a patch", () => {
    expect(traced().outputs.y.shape).toEqual([2, 1, 10, 10]);
    expect(traced(small, 16).outputs.y.shape).toEqual([2, 1, 2, 2]);
  });

  it("never has more than eight times its first channels", () => {
    const { parameters } = traced({ baseChannels: 4, layers: 5 }, 128);
    expect(parameters.get("main.11.weight")!.shape).toEqual([32, 32, 4, 4]);
  });

  it("starts with kernels of N(0, 0.02) and scales of N(1, 0.02)", () => {
    const weights = initializeWeights(traced().parameters, 5);
    const moments = (name: string) => {
      const data = weights.get(name)!.data as Float32Array;
      const mean = data.reduce((a, b) => a + b) / data.length;
      return { mean, deviation: Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length) };
    };
    expect(moments("main.5.weight").mean).toBeCloseTo(0, 3);
    expect(moments("main.5.weight").deviation).toBeCloseTo(0.02, 3);
    expect(moments("main.9.weight").mean).toBeCloseTo(1, 2);
    expect(moments("main.9.weight").deviation).toBeCloseTo(0.02, 2);
    expect(moments("main.9.bias")).toEqual({ mean: 0, deviation: 0 });
  });
});

describe("its batch statistics", () => {
  async function statistics(batches: number): Promise<Map<string, number[]>> {
    const trained = traced(small, 16, true, batches);
    const outputs = Object.fromEntries([...trained.updates].map(([name, value]) => [`next.${name}`, value]));
    const weights = initializeWeights(trained.parameters, 5);
    const session = await runtime.load(exportOnnx({ ...trained, outputs }, weights));
    const results = await session.run({ x: noise([2, 2, 16, 16]) });
    await session.close();
    return new Map(Object.entries(results).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
  }

  it("are recorded in training alone", () => {
    expect([...traced(small, 16, true).updates.keys()]).toEqual([
      "main.3.running_mean",
      "main.3.running_var",
      "main.6.running_mean",
      "main.6.running_var",
    ]);
    expect(traced(small, 16, false).updates.size).toBe(0);
  });

  it("are recorded once for each batch that the network sees in a step", async () => {
    const [once, twice] = [await statistics(1), await statistics(2)];
    const first = once.get("next.main.3.running_mean")!;
    const second = twice.get("next.main.3.running_mean")!;
    // From 0 towards the batch's mean m by a tenth: 0.1 m, then 0.19 m.
    first.forEach((value, i) => {
      expect(Math.abs(value)).toBeGreaterThan(0);
      expect(second[i]! / value).toBeCloseTo(1.9, 3);
    });
  });
});
