/**
 * Training on several ranks: two trainers in one process take the steps of one that sees all micro-batches.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collective } from "../distributed/collective.ts";
import { batchNorm, dropout, linear } from "../nn/layers.ts";
import { exp, mul, relu, stopGradient } from "../ops/elementwise.ts";
import { matrixTranspose } from "../ops/layout.ts";
import { meanSquaredError } from "../ops/loss.ts";
import { matmul } from "../ops/matmul.ts";
import { mean } from "../ops/reduce.ts";
import { createGenerator } from "../random/generator.ts";
import { initializeWeights } from "../random/initialize.ts";
import { openRuntime } from "../runtime/node/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { float32, type NdArray, type Tensor } from "../tensor.ts";
import { createRendezvous } from "../testing/rendezvous.ts";
import { f32, type Model, trace } from "../trace.ts";
import type { Weights } from "../weights.ts";
import { joinRows } from "./shared-rows.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";
import type { TrainingModel } from "./training-graph.ts";

type Loss = "net" | "head";
const types = { x: f32(4, 3), y: f32(4, 2) };

/** Two groups, one of them clipped, with random numbers that the ranks must not share. */
const network: TrainingModel<typeof types, Loss> = (w, { x, y }, random) => {
  const hidden = dropout(relu(linear(w.at("net", "hidden"), x, 16)), 0.3, random);
  const guess = linear(w.at("net", "out"), hidden, 2);
  return {
    losses: {
      net: meanSquaredError(guess, y),
      head: meanSquaredError(linear(w.at("head"), stopGradient(guess), 2), y),
    },
    metrics: { activity: mean(hidden) },
  };
};

function weightsOf(model: TrainingModel<typeof types, Loss>, seed: number): Map<string, NdArray> {
  const losses: Model<typeof types> = (w, inputs, random) => model(w, inputs, random).losses;
  return initializeWeights(trace(losses, types).parameters, seed);
}

const options: TrainerOptions<Loss> = {
  groups: {
    net: { prefix: "net.", learningRate: () => 0.01, clipNorm: 0.5, average: { decay: 0.9 } },
    head: { prefix: "head.", learningRate: (step) => 0.1 / (1 + step) },
  },
  weights: weightsOf(network, 7),
  seed: 3,
};

/** The batch of a step's micro-batch, counted over all ranks. */
const batchOf = (step: number, microBatch: number) => ({
  x: float32([4, 3], createGenerator(1, "x", step, microBatch).normal(12)),
  y: float32([4, 2], createGenerator(1, "y", step, microBatch).normal(8)),
});

type Values = Record<string, number[]>;
const valuesOf = (arrays: ReadonlyMap<string, NdArray>): Values =>
  Object.fromEntries([...arrays].map(([name, { data }]) => [name, [...(data as Float32Array)]]));

/** The largest difference beside the largest magnitude, over all values of one name. */
function worstDifference(found: Values, expected: Values): number {
  const differences = Object.entries(expected).map(([name, values]) => {
    const largest = Math.max(...values.map(Math.abs), 1e-3);
    return Math.max(...values.map((value, i) => Math.abs(found[name]![i]! - value))) / largest;
  });
  return Math.max(...differences);
}

describe("a trainer on two ranks", () => {
  let runtimes: Runtime[];
  beforeAll(async () => {
    runtimes = await Promise.all([0, 1].map(() => openRuntime({ device: "cpu", threads: 1 })));
  });
  afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

  /** What every rank ends with, and what it reports, after some steps. */
  const train = async (
    collectives: readonly (Collective | undefined)[],
    {
      accumulate = 1,
      model = network,
      steps = 6,
      inGraph = false,
      change = (_: Trainer<"x" | "y">, _rank: number) => Promise.resolve(),
      weights = [options.weights, options.weights],
    } = {},
  ) =>
    Promise.all(
      collectives.map(async (collective, rank) => {
        const { update, ...withoutUpdate } = runtimes[rank]!;
        const runtime = inGraph ? withoutUpdate : runtimes[rank]!;
        const own = { ...options, weights: weights[rank]!, accumulate };
        const trainer = await createTrainer(
          runtime,
          model,
          types,
          collective === undefined ? own : { ...own, collective },
        );
        await change(trainer, rank);
        const reports: Record<string, number>[] = [];
        for (let step = 0; step < steps; step++) {
          const first = rank * accumulate;
          const batches = Array.from({ length: accumulate }, (_, i) => batchOf(step, first + i));
          reports.push(await trainer.step(...batches));
        }
        const checkpoint = valuesOf(await trainer.checkpoint());
        await trainer.close();
        return { reports, checkpoint };
      }),
    );

  it.each([
    { inGraph: false, perRank: 1 },
    { inGraph: false, perRank: 3 },
    { inGraph: true, perRank: 1 },
    { inGraph: true, perRank: 2 },
  ])(
    "takes the steps of one rank that accumulates twice as many ($perRank per rank, in the graph: $inGraph)",
    async ({ inGraph, perRank }) => {
      const [one] = await train([undefined], { accumulate: 2 * perRank, inGraph });
      const [first, second] = await train(createRendezvous(2), { accumulate: perRank, inGraph });
      expect(second!.checkpoint).toEqual(first!.checkpoint);
      expect(second!.reports).toEqual(first!.reports);
      expect(worstDifference(first!.checkpoint, one!.checkpoint)).toBeLessThan(1e-6);
      for (const [step, report] of one!.reports.entries()) {
        expect(Object.keys(first!.reports[step]!)).toEqual(Object.keys(report));
        for (const [name, value] of Object.entries(report))
          expect(Math.abs(first!.reports[step]![name]! - value) / value, name).toBeLessThan(1e-6);
      }
    },
  );

  it("is bit for bit that one rank where each has one micro-batch", async () => {
    const [one] = await train([undefined], { accumulate: 2 });
    const [first] = await train(createRendezvous(2));
    expect(first!.checkpoint).toEqual(one!.checkpoint);
  });

  it("starts all ranks from the weights of rank 0", async () => {
    const weights = [options.weights, weightsOf(network, 8)];
    const [expected] = await train(createRendezvous(2));
    const [first, second] = await train(createRendezvous(2), { weights });
    expect(first!.checkpoint).toEqual(expected!.checkpoint);
    expect(second!.checkpoint).toEqual(expected!.checkpoint);
  });

  it("restores what rank 0 restores", async () => {
    const before = await train(createRendezvous(2), { steps: 0 });
    const [first, second] = await train(createRendezvous(2), {
      steps: 0,
      change: async (trainer, rank) => {
        const scaled = [...(await trainer.checkpoint())].map(([name, value]) => {
          const data = (value.data as Float32Array).map((each) => each + 1 + rank);
          return [name, { ...value, data }] as const;
        });
        await trainer.restore(new Map(scaled), 5);
        expect(trainer.stepCount).toBe(5);
      },
    });
    const shifted = Object.entries(before[0]!.checkpoint).map(([name, values]) => [
      name,
      values.map((value) => Math.fround(value + 1)),
    ]);
    expect(first!.checkpoint).toEqual(Object.fromEntries(shifted));
    expect(second!.checkpoint).toEqual(first!.checkpoint);
  });

  it("averages running statistics over the ranks", async () => {
    const normalized: TrainingModel<typeof types, Loss> = (w, { x, y }) => {
      const features = batchNorm(w.at("net", "norm"), linear(w.at("net", "in"), x, 3), { training: true });
      const guess = linear(w.at("net", "out"), features, 2);
      const head = linear(w.at("head"), stopGradient(features), 2);
      return { losses: { net: meanSquaredError(guess, y), head: meanSquaredError(head, y) } };
    };
    const shared = {
      model: normalized,
      steps: 1,
      weights: [7, 7].map((seed) => weightsOf(normalized, seed)),
    };
    const alone = await train([undefined, undefined], shared);
    const [first, second] = await train(createRendezvous(2), shared);
    const name = "buffers.net.norm.running_mean";
    const [a, b] = alone.map(({ checkpoint }) => checkpoint[name]!);
    const means = a!.map((value, i) => (value + b![i]!) / 2);
    expect(second!.checkpoint[name]).toEqual(first!.checkpoint[name]);
    for (const [i, value] of first!.checkpoint[name]!.entries()) expect(value).toBeCloseTo(means[i]!, 7);
    expect(a).not.toEqual(b);
  });
});

describe("rows that micro-batches share", () => {
  const rowTypes = (count: number, total: number) => ({
    x: f32(count, 3),
    gatheredRows: f32(total, 4),
    ownRows: f32(total, count),
  });
  const rowsOf = (w: Weights, x: Tensor) => relu(linear(w.at("net", "out"), x, 4));
  /** Every row is pushed away from all others: a loss that is no sum over rows. */
  const contrast: TrainingModel<ReturnType<typeof rowTypes>, "net"> = (w, { x, gatheredRows, ownRows }) => {
    const scale = exp(w.parameter("net.scale", [], { kind: "constant", value: 0.5 }));
    const rows = joinRows(rowsOf(w, x), gatheredRows, ownRows);
    const similarity = mul(matmul(rows, matrixTranspose(rows)), scale);
    return { losses: { net: mean(mul(similarity, similarity)) } };
  };
  const weights = initializeWeights(
    trace(
      (w, inputs: Parameters<typeof contrast>[1], random) => contrast(w, inputs, random).losses,
      rowTypes(2, 2),
    ).parameters,
    5,
  );
  const steps = 5;
  const rowsAt = (step: number, first: number, count: number) =>
    float32(
      [count, 3],
      createGenerator(2, "rows", step)
        .normal(24)
        .slice(3 * first, 3 * (first + count)),
    );

  let runtimes: Runtime[];
  beforeAll(async () => {
    runtimes = await Promise.all([0, 1].map(() => openRuntime({ device: "cpu", threads: 1 })));
  });
  afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

  /** Trains on eight rows per step, `count` per micro-batch. */
  const train = (collectives: readonly (Collective | undefined)[], count: number, inGraph = false) =>
    Promise.all(
      collectives.map(async (collective, rank) => {
        const { update, ...withoutUpdate } = runtimes[rank]!;
        const accumulate = 8 / count / collectives.length;
        const trainer = await createTrainer(
          inGraph ? withoutUpdate : runtimes[rank]!,
          contrast,
          rowTypes(count, 8),
          {
            groups: { net: { prefix: "net.", learningRate: () => 0.02 } },
            ...{ weights, seed: 1, accumulate, ...(collective && { collective }) },
            sharedRows: (w, { x }) => rowsOf(w, x!),
          },
        );
        const losses: number[] = [];
        for (let step = 0; step < steps; step++) {
          const batches = Array.from({ length: accumulate }, (_, micro) => ({
            x: rowsAt(step, (rank * accumulate + micro) * count, count),
          }));
          losses.push((await trainer.step(...(batches as never[])))["loss.net"]!);
        }
        const checkpoint = valuesOf(await trainer.checkpoint());
        await trainer.close();
        return { losses, checkpoint };
      }),
    );

  it.each([false, true])(
    "give the steps of one micro-batch of all rows (in the graph: %s)",
    async (inGraph) => {
      const [whole] = await train([undefined], 8, inGraph);
      const [parts] = await train([undefined], 2, inGraph);
      const [first, second] = await train(createRendezvous(2), 4, inGraph);
      expect(second).toEqual(first);
      for (const { losses, checkpoint } of [parts!, first!]) {
        expect(worstDifference(checkpoint, whole!.checkpoint)).toBeLessThan(1e-5);
        for (const [step, loss] of losses.entries()) expect(loss / whole!.losses[step]!).toBeCloseTo(1, 5);
      }
      expect(whole!.losses.at(-1)!).not.toBeCloseTo(whole!.losses[0]!, 2);
    },
  );
});
