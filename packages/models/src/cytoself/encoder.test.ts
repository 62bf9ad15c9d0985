import {
  compile,
  f32,
  float32,
  grad,
  initializeWeights,
  mul,
  type Runtime,
  sum,
  type Tensor,
  trace,
  type Weights,
  zeros,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CytoselfEncoderConfig, cytoselfEncoder } from "./encoder.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const stage = { expandRatio: 2, kernel: 3, stride: 2, inputChannels: 8, outChannels: 8, numLayers: 2 };
const encoder = (stochasticDepthProb: number): CytoselfEncoderConfig => ({
  stochasticDepthProb,
  blocksArgs: [stage],
});
const shape = { stride: 2, outChannels: 4 };

describe("an encoder of cytoself", () => {
  it("divides the sides by each stride, rounding up, whatever the kernel", () => {
    for (const [kernel, side, expected] of [
      [3, 16, 4],
      [5, 25, 7],
      [3, 13, 4],
    ] as const) {
      const config = { stochasticDepthProb: 0, blocksArgs: [{ ...stage, kernel }] };
      const { outputs } = trace(
        (w, { x }) => ({ y: cytoselfEncoder(w, config, x, shape, { training: false }) }),
        {
          x: f32(2, 3, side, side),
        },
      );
      expect(outputs.y.shape).toEqual([2, 4, expected, expected]);
    }
  });

  it("has torchvision's names, and no widening layer where nothing widens", () => {
    const namesOf = (expandRatio: number) => {
      const config = { stochasticDepthProb: 0, blocksArgs: [{ ...stage, expandRatio, numLayers: 1 }] };
      const { parameters } = trace(
        (w, { x }) => ({ y: cytoselfEncoder(w, config, x, shape, { training: false }) }),
        { x: f32(1, 1, 8, 8) },
      );
      return [...parameters].flatMap(([name, { shape }]) =>
        name.startsWith("features.1.0.block.") && shape.length === 4 ? [`${name.slice(19)} [${shape}]`] : [],
      );
    };
    expect(namesOf(2)).toEqual([
      "0.0.weight [16,8,1,1]",
      "1.0.weight [16,1,3,3]",
      "2.fc1.weight [2,16,1,1]",
      "2.fc2.weight [16,2,1,1]",
      "3.0.weight [8,16,1,1]",
    ]);
    expect(namesOf(1)).toEqual([
      "0.0.weight [8,1,3,3]",
      "1.fc1.weight [2,8,1,1]",
      "1.fc2.weight [8,2,1,1]",
      "2.0.weight [8,8,1,1]",
    ]);
  });

  it("skips a residual bottleneck for some samples, the more often the deeper it is", async () => {
    // The second of two bottlenecks is residual; at depth 1 of 2 its rate is half of 0.8.
    const model = (w: Weights, { x, uniform }: Record<"x" | "uniform", Tensor>) => {
      const random = { uniform: () => uniform, normal: () => uniform };
      const y = cytoselfEncoder(w, encoder(0.8), x, shape, { training: true, random });
      const filter = w.at("features", 1, 1, "block", 1, 0).parameter("weight", [16, 1, 3, 3], zeros);
      return { gradient: grad(sum(mul(y, y)), [filter])[0]! };
    };
    const types = { x: f32(2, 4, 8, 8), uniform: f32(2, 1, 1, 1) };
    const weights = initializeWeights(trace(model, types).parameters, 3);
    const program = await compile(runtime, model, types, { weights });
    const x = float32(
      [2, 4, 8, 8],
      new Float32Array(512).map((_, i) => Math.sin(i)),
    );
    const gradientFor = async (...draws: number[]) => {
      const { gradient } = await program.run({ x, uniform: float32([2, 1, 1, 1], Float32Array.from(draws)) });
      return Math.hypot(...(gradient.data as Float32Array));
    };
    expect(await gradientFor(0.39, 0.39)).toBe(0); // both skipped: the bottleneck learns nothing
    expect(await gradientFor(0.39, 0.41)).toBeGreaterThan(0);
    expect(await gradientFor(0.41, 0.41)).toBeGreaterThan(0);
    await program.close();
  });
});
