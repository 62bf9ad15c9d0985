import {
  compile,
  createGenerator,
  f32,
  grad,
  initializeWeights,
  type NdArray,
  type Runtime,
  sum,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LpipsNetwork, lpips, lpipsFeatures } from "./lpips.ts";

const networks = ["vgg16", "squeezenet1.1"] as const;

function declared(network: LpipsNetwork, side = 32) {
  const types = { a: f32(1, 3, side, side), b: f32(1, 3, side, side) };
  return trace((w, { a, b }) => ({ distance: lpips(w, network, a, b) }), types);
}

const picture = (seed: number, channels = 3, side = 32): NdArray => ({
  dtype: "float32",
  shape: [1, channels, side, side],
  data: createGenerator(seed, "picture")
    .uniform(channels * side * side)
    .map((value) => 2 * value - 1),
});

describe("the networks", () => {
  it("have torchvision's parameters and one head a level", () => {
    for (const [network, count, levels] of [
      ["vgg16", 14_714_688, 5],
      ["squeezenet1.1", 722_496, 7],
    ] as const) {
      const { parameters } = declared(network);
      const backbone = [...parameters].filter(([name]) => name.startsWith("features."));
      const total = backbone.reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
      expect(total, network).toBe(count);
      const heads = [...parameters.keys()].filter((name) => name.startsWith("lin"));
      expect(heads).toEqual(Array.from({ length: levels }, (_, i) => `lin${i}.model.1.weight`));
    }
    expect(declared("vgg16").parameters.get("features.28.weight")!.shape).toEqual([512, 512, 3, 3]);
    expect(declared("squeezenet1.1").parameters.get("features.12.expand3x3.weight")!.shape).toEqual([
      256, 64, 3, 3,
    ]);
  });

  it("see an image at fewer and fewer pixels", () => {
    const sides = (network: LpipsNetwork, side: number) => {
      const { outputs } = trace(
        (w, { x }) => Object.fromEntries(lpipsFeatures(w, network, x).map((level, i) => [String(i), level])),
        { x: f32(1, 3, side, side) },
      );
      return Object.values(outputs).map(({ shape }) => shape[2]);
    };
    expect(sides("vgg16", 100)).toEqual([100, 50, 25, 12, 6]);
    // SqueezeNet pools the border too: 24 -> 12, where whole windows alone would leave 11.
    expect(sides("squeezenet1.1", 100)).toEqual([49, 24, 12, 6, 6, 6, 6]);
  });

  it("refuse images that are too small to be pooled", () => {
    for (const network of networks)
      expect(() => declared(network, 8)).toThrow(/MaxPool: a window of \d is larger/);
  });
});

describe("the distance", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu" });
  });
  afterAll(() => runtime.close());

  async function distances(a: NdArray, b: NdArray, weightsScale = 1) {
    const types = { a: f32(...a.shape), b: f32(...b.shape) };
    const initial = initializeWeights(declared("squeezenet1.1").parameters, 1);
    const weights = new Map(
      [...initial].map(([name, value]) => [
        name,
        { ...value, data: (value.data as Float32Array).map((x) => x * weightsScale) },
      ]),
    );
    const program = await compile(
      runtime,
      (w, inputs) => {
        const distance = lpips(w, "squeezenet1.1", inputs.a, inputs.b);
        return { distance, gradient: grad(sum(distance), [inputs.b])[0]! };
      },
      types,
      { weights },
    );
    const { distance, gradient } = await program.run({ a, b });
    await program.close();
    return { distance: (distance.data as Float32Array)[0]!, gradient: [...(gradient.data as Float32Array)] };
  }

  it("is 0 between equal pictures, positive and symmetric between different ones", async () => {
    expect((await distances(picture(1), picture(1))).distance).toBe(0);
    const there = await distances(picture(1), picture(2));
    const back = await distances(picture(2), picture(1));
    expect(there.distance).toBeGreaterThan(0.01);
    expect(back.distance).toBeCloseTo(there.distance, 6);
  });

  it("takes one channel for three equal ones", async () => {
    const tripled = (grey: NdArray): NdArray => {
      const data = grey.data as Float32Array;
      return { dtype: "float32", shape: [1, 3, 32, 32], data: Float32Array.of(...data, ...data, ...data) };
    };
    const [a, b] = [picture(1, 1), picture(2, 1)];
    const grey = await distances(a, b);
    const colour = await distances(tripled(a), tripled(b));
    expect(grey.distance).toBeCloseTo(colour.distance, 6);
    expect(grey.gradient).toHaveLength(32 * 32);
  });

  it("has a finite gradient where every channel of a level is dark", async () => {
    const { distance, gradient } = await distances(picture(1), picture(2), 0);
    expect(distance).toBe(0);
    expect(gradient.every((value) => value === 0)).toBe(true);
  });
});
