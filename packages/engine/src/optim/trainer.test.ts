/**
 * The training step as a whole: it learns, resumes exactly, accumulates, trains groups apart and keeps buffers.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchNorm, dropout, linear } from "../nn/layers.ts";
import { sum } from "../ops/broadcast.ts";
import { relu, stopGradient } from "../ops/elementwise.ts";
import { meanSquaredError } from "../ops/loss.ts";
import { createGenerator } from "../random/generator.ts";
import { initializeWeights } from "../random/initialize.ts";
import { openRuntime } from "../runtime/node/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32, type NdArray } from "../tensor.ts";
import { f32, type Model, trace } from "../trace.ts";
import { warmupCosine } from "./schedule.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";
import type { TrainingModel } from "./training-graph.ts";

const types = { x: f32(8, 3), y: f32(8, 2) };

const network: TrainingModel<typeof types, "net"> = (w, { x, y }, random) => {
  const hidden = dropout(relu(linear(w.at("net", "hidden"), x, 16)), 0.1, random);
  return { losses: { net: meanSquaredError(linear(w.at("net", "out"), hidden, 2), y) } };
};

function initial<L extends string>(model: TrainingModel<typeof types, L>): Map<string, NdArray> {
  const declared = trace(
    ((w, inputs, random) => model(w, inputs, random).losses) as Model<typeof types>,
    types,
  );
  return initializeWeights(declared.parameters, 7);
}

function batch(step: number, rows = 8) {
  const x = createGenerator(1, "x", step).normal(rows * 3);
  const y = Float32Array.from({ length: rows * 2 }, (_, i) => {
    const row = Math.floor(i / 2);
    return i % 2 === 0 ? x[row * 3]! - x[row * 3 + 1]! : 0.5 * x[row * 3 + 2]!;
  });
  return { x: float32([rows, 3], x), y: float32([rows, 2], y) };
}

const options: TrainerOptions<"net"> = {
  groups: {
    net: {
      prefix: "net.",
      learningRate: warmupCosine({ learningRate: 0.02, warmupSteps: 5, totalSteps: 100 }),
      clipNorm: 1,
      average: { decay: 0.99, startStep: 10 },
    },
  },
  weights: initial(network),
  seed: 3,
};

function bytesOf(values: ReadonlyMap<string, NdArray>): Record<string, number[]> {
  return Object.fromEntries([...values].map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

async function train(
  trainer: Trainer<"x" | "y">,
  from: number,
  to: number,
): Promise<Record<string, number>[]> {
  const reports: Record<string, number>[] = [];
  for (let step = from; step < to; step++) reports.push(await trainer.step(batch(step)));
  return reports;
}

describe("trainer", () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ device: "cpu", threads: 1 });
  });
  afterAll(() => runtime.close());

  it("lowers the loss and reports the gradient's norm", async () => {
    const trainer = await createTrainer(runtime, network, types, options);
    const reports = await train(trainer, 0, 100);
    expect(reports[99]!["loss.net"]!).toBeLessThan(0.3 * reports[0]!["loss.net"]!);
    expect(reports[0]!["net.gradientNorm"]!).toBeGreaterThan(0);
    await trainer.close();
  });

  it("resumes to the same parameters, bit for bit", async () => {
    const whole = await createTrainer(runtime, network, types, options);
    await train(whole, 0, 30);
    const expected = bytesOf(await whole.checkpoint());
    await whole.close();

    const first = await createTrainer(runtime, network, types, options);
    await train(first, 0, 17);
    const checkpoint = await first.checkpoint();
    await first.close();
    const second = await createTrainer(runtime, network, types, options);
    await second.restore(checkpoint, 17);
    expect(second.stepCount).toBe(17);
    await train(second, 17, 30);
    expect(bytesOf(await second.checkpoint())).toEqual(expected);
    await second.close();
  });

  it("draws dropout for batches of any length where an axis is open", async () => {
    const model: TrainingModel<typeof types, "net"> = (w, { x, y }, random) => {
      const hidden = dropout(relu(linear(w.at("net", "hidden"), x, 16)), 0.5, random);
      const pooled = sum(hidden, { axes: [1] });
      return { losses: { net: meanSquaredError(linear(w.at("net", "out"), pooled, 2), y) } };
    };
    const lossesAt = async (length: number | string, lengths: readonly number[]) => {
      const lengthTypes = { x: f32(2, length, 3), y: f32(2, 2) };
      const trainer = await createTrainer(runtime, model, lengthTypes, options);
      const losses = [];
      for (const rows of lengths) {
        const x = { ...batch(0, 2 * rows).x, shape: [2, rows, 3] };
        losses.push((await trainer.step({ x, y: batch(0, 2).y }))["loss.net"]!);
      }
      await trainer.close();
      return losses;
    };
    const losses = await lossesAt("length", [4, 7, 4]);
    expect(losses[0]).toBeCloseTo((await lossesAt(4, [4]))[0]!, 6);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses[2]).not.toBe(losses[0]);
  });

  it("gives the step of one large batch when it sums micro-batches", async () => {
    const plain: TrainingModel<typeof types, "net"> = (w, { x, y }) => ({
      losses: { net: meanSquaredError(linear(w.at("net"), x, 2), y) },
    });
    const half = { x: f32(4, 3), y: f32(4, 2) };
    const rows = (value: NdArray, from: number): NdArray => {
      const width = value.shape[1]!;
      return {
        ...value,
        shape: [4, width],
        data: (value.data as Float32Array).slice(from * width, (from + 4) * width),
      };
    };
    const weights = initial(plain);
    const whole = await createTrainer(runtime, plain, types, { ...options, weights });
    for (let step = 0; step < 5; step++) await whole.step(batch(step));
    const expected = await whole.weights();
    await whole.close();
    const parts = await createTrainer(runtime, plain, half, { ...options, weights, accumulate: 2 });
    for (let step = 0; step < 5; step++) {
      const { x, y } = batch(step);
      await parts.step({ x: rows(x, 0), y: rows(y, 0) }, { x: rows(x, 4), y: rows(y, 4) });
    }
    for (const [name, { data }] of await parts.weights()) {
      const other = expected.get(name)!.data as Float32Array;
      (data as Float32Array).forEach((value, i) => void expect(value).toBeCloseTo(other[i]!, 5));
    }
    await parts.close();
  });

  it("trains two groups by their own losses, and a loss moves only its group", async () => {
    const two: TrainingModel<typeof types, "a" | "b"> = (w, { x, y }) => {
      const guess = linear(w.at("a"), x, 2);
      return {
        losses: {
          a: meanSquaredError(guess, y),
          b: meanSquaredError(linear(w.at("b"), stopGradient(guess), 2), y),
        },
      };
    };
    const weights = initial(two);
    const group = { learningRate: () => 0.05, weightDecay: 0 };
    const trainer = await createTrainer(runtime, two, types, {
      groups: { a: { prefix: "a.", ...group }, b: { prefix: "b.", ...group, learningRate: () => 0 } },
      weights,
      seed: 0,
    });
    const first = await trainer.step(batch(0));
    for (let step = 1; step < 40; step++) await trainer.step(batch(step));
    const after = await trainer.weights();
    expect(after.get("b.weight")!.data).toEqual(weights.get("b.weight")!.data);
    expect(after.get("a.weight")!.data).not.toEqual(weights.get("a.weight")!.data);
    expect((await trainer.step(batch(99)))["loss.a"]!).toBeLessThan(first["loss.a"]!);
    await trainer.close();
  });

  it("keeps running statistics as state and leaves parameters of no group alone", async () => {
    const model: TrainingModel<typeof types, "net"> = (w, { x, y }) => {
      const features = batchNorm(w.at("net", "norm"), linear(w.at("frozen"), x, 3), { training: true });
      return { losses: { net: meanSquaredError(linear(w.at("net", "out"), features, 2), y) } };
    };
    const weights = initial(model);
    const trainer = await createTrainer(runtime, model, types, { ...options, weights });
    await train(trainer, 0, 3);
    const after = await trainer.weights();
    expect(after.has("frozen.weight")).toBe(false);
    expect(after.get("net.norm.running_mean")!.data).not.toEqual(weights.get("net.norm.running_mean")!.data);
    expect((await trainer.checkpoint()).has("buffers.net.norm.running_var")).toBe(true);
    await trainer.close();
  });

  it("gives its memory back: fifty trainers, one after the other, take no more than the first few", async () => {
    const wide: TrainingModel<typeof types, "net"> = (w, { x, y }) => {
      const hidden = relu(linear(w.at("net", "hidden"), x, 60_000)); // 240,000 parameters, 4 MB of state, twice
      return { losses: { net: meanSquaredError(linear(w.at("net", "out"), hidden, 2), y) } };
    };
    const weights = initial(wide);
    const resident: number[] = [];
    for (let round = 0; round < 50; round++) {
      const trainer = await createTrainer(runtime, wide, types, { ...options, weights });
      await trainer.step(batch(round));
      await trainer.close();
      resident.push(process.memoryUsage.rss() / 2 ** 20);
    }
    const most = (from: number, to: number) => Math.max(...resident.slice(from, to));
    expect(most(40, 50) - most(10, 20)).toBeLessThan(60);
  });

  it("refuses a group without parameters and a wrong number of micro-batches", async () => {
    const wrong = { ...options, groups: { net: { ...options.groups.net, prefix: "other." } } };
    await expect(createTrainer(runtime, network, types, wrong)).rejects.toThrow(
      'no parameter begins with "other."',
    );
    const trainer = await createTrainer(runtime, network, types, options);
    await expect(trainer.step()).rejects.toThrow("expected 1 micro-batches, got 0");
    await trainer.close();
  });
});
