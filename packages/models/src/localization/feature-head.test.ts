import {
  compile,
  createTrainer,
  f32,
  float32,
  initializeWeights,
  type NdArray,
  type Runtime,
  type TrainingModel,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FeatureHeadConfig, featureHead } from "./feature-head.ts";
import { localizationLoss } from "./loss.ts";
import { computeSequenceFeatures, sequenceFeatureCount } from "./sequence-features.ts";

const config: FeatureHeadConfig = {
  labels: ["nucleus", "Golgi", "ER"],
  ...{ hiddenSize: 6, layers: 2, inputDropout: 0.9, dropout: 0.5 },
};
const linear = { ...config, layers: 0 };
const types = { sequenceFeatures: f32("batch", sequenceFeatureCount) };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const traced = (network: FeatureHeadConfig, isTraining = false) =>
  trace(
    (w, { sequenceFeatures }, random) => ({
      logits: featureHead(w, network, sequenceFeatures, { random: isTraining ? random : undefined }),
    }),
    types,
  );
const weightsOf = (network: FeatureHeadConfig) => initializeWeights(traced(network).parameters, 7);

const row = (valueAt: (place: number) => number) =>
  Float32Array.from({ length: sequenceFeatureCount }, (_, place) => valueAt(place));
function stack(rows: readonly Float32Array[]): NdArray {
  const data = Float32Array.from(rows.flatMap((values) => [...values]));
  return float32([rows.length, data.length / rows.length], data);
}

/** Logits of each row. */
async function logitsOf(
  network: FeatureHeadConfig,
  rows: readonly Float32Array[],
  weights: ReadonlyMap<string, NdArray> = weightsOf(network),
): Promise<number[][]> {
  const program = await compile(
    runtime,
    (w, { sequenceFeatures }) => ({ logits: featureHead(w, network, sequenceFeatures) }),
    types,
    { weights },
  );
  const { logits } = await program.run({ sequenceFeatures: stack(rows) });
  await program.close();
  const count = network.labels.length;
  expect(logits.shape).toEqual([rows.length, count]);
  const values = Array.from(logits.data as Float32Array);
  return rows.map((_, index) => values.slice(index * count, (index + 1) * count));
}

const waves = row((place) => Math.sin(place));
const others = row((place) => Math.cos(0.3 * place));

describe("the feature head", () => {
  it("brings them to the mean and deviation that belong to it", async () => {
    const [mean, deviation] = [row((place) => place % 7), row((place) => 0.5 + (place % 3))];
    const measured = new Map([
      ...weightsOf(config),
      ["norm.mean", float32([sequenceFeatureCount], mean)] as const,
      ["norm.deviation", float32([sequenceFeatureCount], deviation)] as const,
    ]);
    const raw = row((place) => mean[place]! + deviation[place]! * waves[place]!);
    const [found] = await logitsOf(config, [raw], measured);
    const [wanted] = await logitsOf(config, [waves]);
    for (const [label, logit] of wanted!.entries()) expect(found![label]).toBeCloseTo(logit, 4);
  });

  it("hears nothing of what lies beyond four deviations", async () => {
    const towards = (far: number) => row((place) => (place % 2 === 0 ? far : -far));
    const [three, four, five, thousand] = await logitsOf(config, [3, 4, 5, 1000].map(towards));
    expect([five, thousand]).toEqual([four, four]);
    expect(three).not.toEqual(four);
  });

  it("has dropout of features and layers in training, and none without a random source", () => {
    expect([...traced(config, true).random.keys()]).toEqual([
      "descriptors",
      "descriptors.layers.0",
      "descriptors.layers.1",
    ]);
    expect([...traced(linear, true).random.keys()]).toEqual(["descriptors"]);
    expect([...traced(config).random.keys()]).toEqual([]);
  });

  it("is a linear map without hidden layers, and none with them", async () => {
    const half = row((place) => (waves[place]! + others[place]!) / 2);
    const gaps = async (network: FeatureHeadConfig) => {
      const [a, b, between] = await logitsOf(network, [waves, others, half]);
      return between!.map((logit, label) => Math.abs(logit - (a![label]! + b![label]!) / 2));
    };
    expect(Math.max(...(await gaps(linear)))).toBeLessThan(1e-5);
    expect(Math.max(...(await gaps(config)))).toBeGreaterThan(1e-3);
    const weights = weightsOf(linear);
    expect(weights.get("layers.0.weight")?.shape).toEqual([config.labels.length, sequenceFeatureCount]);
    expect(weights.has("layers.1.weight")).toBe(false);
  });

  it("learns which sequences end in a signal", async () => {
    const starts = ["MKTAYIAKQRQL", "MSLKGTAYVAKQ", "MKSTLAYIAKQR", "MLKSAYTAKRQV"];
    const sequences = [...starts, ...starts.map((start) => `${start}KDEL`)];
    const column = (values: readonly number[]) => float32([values.length, 1], Float32Array.from(values));
    const inputs = {
      sequenceFeatures: stack(sequences.map(computeSequenceFeatures)),
      targets: column(sequences.map((sequence) => Number(sequence.endsWith("KDEL")))),
      known: column(sequences.map(() => 1)),
    };
    const network = { ...config, labels: ["ER"], hiddenSize: 16, inputDropout: 0.1, dropout: 0.1 };
    const batch = sequences.length;
    const inputTypes = {
      sequenceFeatures: f32(batch, sequenceFeatureCount),
      targets: f32(batch, 1),
      known: f32(batch, 1),
    };
    const model: TrainingModel<typeof inputTypes, "head"> = (
      w,
      { sequenceFeatures, targets, known },
      random,
    ) => ({
      losses: {
        head: localizationLoss(featureHead(w, network, sequenceFeatures, { random }), targets, known),
      },
    });
    const trainer = await createTrainer(runtime, model, inputTypes, {
      groups: { head: { prefix: "layers.", learningRate: () => 0.02 } },
      weights: weightsOf(network),
      seed: 1,
    });
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) losses.push((await trainer.step(inputs))["loss.head"]!);
    await trainer.close();
    expect(losses[0]).toBeGreaterThan(0.3);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });
});
