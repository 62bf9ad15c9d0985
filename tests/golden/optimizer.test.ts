// The optimiser, its schedule and the moving average against PyTorch's AdamW and LambdaLR, and ema-pytorch 0.2.3.
import {
  adamW,
  emitOnnx,
  float32,
  input,
  movingAverageDecay,
  type Runtime,
  scheduleValues,
  type Tensor,
  warmupCosine,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { golden } from "./fixture.ts";

const recorded = golden("adamw_cosine").tensors;
const averages = golden("ema").tensors;
const numbers = (tensors: typeof recorded, name: string): number[] =>
  Array.from(tensors.get(name)!.data as ArrayLike<number | bigint>, Number);

describe("adamw_cosine", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  afterAll(() => runtime.close());

  it("follows the recorded learning rates", () => {
    const rate = warmupCosine({ learningRate: 0.01, warmupSteps: 4, totalSteps: 20 });
    numbers(recorded, "single.lr").forEach((value, step) => void expect(rate(step)).toBeCloseTo(value, 12));
    const factor = warmupCosine({ learningRate: 1, warmupSteps: 200, totalSteps: 60000 });
    const values = numbers(recorded, "lambda_vals");
    numbers(recorded, "lambda_steps").forEach(
      (step, i) => void expect(factor(step)).toBeCloseTo(values[i]!, 9),
    );
  });

  it("moves the weights as PyTorch does, step by step", async () => {
    const size = 15;
    const options = {
      learningRate: warmupCosine({ learningRate: 0.01, warmupSteps: 4, totalSteps: 20 }),
      beta2: 0.98,
    };
    const leaf = (name: string, length = size) => input(name, { dtype: "float32", shape: [length] });
    const leaves = Object.fromEntries(
      ["parameters", "firstMoment", "secondMoment", "gradient"].map((name) => [name, leaf(name)]),
    ) as Record<string, Tensor>;
    const schedule = leaf("schedule", 4);
    const { parameters, firstMoment, secondMoment, gradient } = leaves as Record<
      "parameters" | "firstMoment" | "secondMoment" | "gradient",
      Tensor
    >;
    const next = adamW({ parameters, firstMoment, secondMoment }, gradient, schedule, options);
    const session = await runtime.load(
      emitOnnx({
        inputs: new Map([...Object.entries(leaves), ["schedule", schedule]]),
        outputs: new Map([
          ["p", next.parameters],
          ["m", next.firstMoment],
          ["v", next.secondMoment],
        ]),
      }),
    );
    const array = (data: Float32Array) => float32([data.length], data);
    const gradients = Float32Array.from(numbers(recorded, "single.grads"));
    const weights = numbers(recorded, "single.weights");
    let p = array(Float32Array.from([...numbers(recorded, "single.w0"), ...numbers(recorded, "single.b0")]));
    let m = array(new Float32Array(size));
    let v = array(new Float32Array(size));
    for (let step = 0; step < 14; step++) {
      const feeds = {
        parameters: p,
        firstMoment: m,
        secondMoment: v,
        gradient: array(gradients.slice(step * size, (step + 1) * size)),
      };
      const out = await session.run({ ...feeds, schedule: array(scheduleValues(options, step, 1)) });
      [p, m, v] = [out.p, out.m, out.v] as [typeof p, typeof m, typeof v];
      p.data.forEach(
        (value, i) => void expect(Math.abs(Number(value) - weights[step * size + i]!)).toBeLessThan(1e-6),
      );
    }
  });
});

describe("ema", () => {
  it.each([
    ["a", { decay: 0.9999, startStep: 3 }, 0],
    ["b", { decay: 0.9999, startStep: 1000, interval: 10 }, 995],
    ["c", { decay: 0.9, startStep: 2, interval: 2 }, 0],
  ] as const)("follows curve %s", (curve, options, first) => {
    const decay = movingAverageDecay(options);
    const online = numbers(averages, `${curve}.online`);
    const expected = numbers(averages, `${curve}.ema`);
    const average = expected.slice(0, 6);
    for (let row = 1; row < online.length / 6; row++) {
      const d = decay(first + row);
      for (let i = 0; i < 6; i++) {
        average[i] = average[i]! * d + online[row * 6 + i]! * (1 - d);
        expect(Math.abs(average[i]! - expected[row * 6 + i]!)).toBeLessThan(1e-5);
      }
    }
  });
});
