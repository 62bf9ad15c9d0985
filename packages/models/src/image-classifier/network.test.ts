import {
  compile,
  createGenerator,
  createTrainer,
  crossEntropy,
  f32,
  i64,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  compartmentClassifier,
  compartmentClassifierDefaults,
  compartmentFeatures,
  compartmentLogits,
} from "./network.ts";

const small = { classes: 2, channels: [8, 16], normGroups: 4, dropout: 0.2 };
const side = 16;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

function declared(config = compartmentClassifierDefaults, size = 100) {
  return trace((w, { x }) => ({ logits: compartmentClassifier(w, config, x) }), { x: f32(2, 3, size, size) });
}

/** Noise with a bright spot of 3x3 pixels inside the nucleus (class 0) or outside it (class 1), at a random position. */
function crops(count: number, seed: number): { x: NdArray; labels: NdArray } {
  const random = createGenerator(seed, "crops");
  const x = random.uniform(count * 3 * side * side).map((value) => 0.2 * value);
  const positions = random.uniform(count * 2);
  const labels = new BigInt64Array(count);
  for (let i = 0; i < count; i++) {
    const isOutside = i % 2;
    labels[i] = BigInt(isOutside);
    const top = 1 + Math.floor(positions[2 * i]! * (side - 4));
    const left = 1 + Math.floor(positions[2 * i + 1]! * (side / 2 - 4)) + (isOutside ? side / 2 : 0);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const at = (channel: number) => ((i * 3 + channel) * side + row) * side + column;
        const isSpot = row >= top && row < top + 3 && column >= left && column < left + 3;
        if (isSpot) x[at(0)] = 1;
        x[at(1)] = column < side / 2 ? 0.8 : 0.1;
        x[at(2)] = (side / 2 - column) / 8;
      }
    }
  }
  return {
    x: { dtype: "float32", shape: [count, 3, side, side], data: x },
    labels: { dtype: "int64", shape: [count], data: labels },
  };
}

describe("the compartment classifier", () => {
  it("has half a million parameters and one logit per class", () => {
    const { parameters, outputs } = declared();
    const total = [...parameters.values()].reduce(
      (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(total).toBeGreaterThan(300_000);
    expect(total).toBeLessThan(600_000);
    expect(outputs.logits.shape).toEqual([2, 10]);
  });

  it("takes images of any side that its stages can halve", () => {
    expect(declared(compartmentClassifierDefaults, 25).outputs.logits.shape).toEqual([2, 10]);
  });

  it("judges each image by itself", async () => {
    const weights = initializeWeights(declared(small, side).parameters, 3);
    const types = { x: f32("batch", 3, side, side) };
    const program = await compile(
      runtime,
      (w, { x }) => ({ logits: compartmentClassifier(w, small, x) }),
      types,
      { weights },
    );
    const { x } = crops(4, 1);
    const together = (await program.run({ x })).logits.data as Float32Array;
    const size = 3 * side * side;
    for (let i = 0; i < 4; i++) {
      const data = (x.data as Float32Array).slice(i * size, (i + 1) * size);
      const alone = (await program.run({ x: { ...x, shape: [1, 3, side, side], data } })).logits
        .data as Float32Array;
      for (const k of [0, 1]) expect(alone[k]).toBeCloseTo(together[2 * i + k]!, 5);
    }
    await program.close();
  });

  it("gives the features it judges by: mean and maximum of each channel", async () => {
    const weights = initializeWeights(declared(small, side).parameters, 3);
    const program = await compile(
      runtime,
      (w, { x }) => {
        const features = compartmentFeatures(w, small, x);
        return {
          features,
          ofFeatures: compartmentLogits(w, small, features),
          logits: compartmentClassifier(w, small, x),
        };
      },
      { x: f32(2, 3, side, side) },
      { weights },
    );
    const { features, ofFeatures, logits } = await program.run({ x: crops(2, 1).x });
    await program.close();
    expect(features.shape).toEqual([2, 32]);
    expect(ofFeatures.data).toEqual(logits.data);
    const values = features.data as Float32Array;
    for (let channel = 0; channel < 16; channel++)
      expect(values[16 + channel]).toBeGreaterThan(values[channel]!);
  });

  it("draws its dropout in training alone", () => {
    const types = { x: f32(2, 3, side, side) };
    const training = trace((w, { x }, random) => ({ y: compartmentClassifier(w, small, x, random) }), types);
    expect([...training.random.values()].map(({ tensor }) => tensor.shape)).toEqual([[2, 32]]);
    expect(declared(small, side).random.size).toBe(0);
  });

  it("learns on which side of the nuclear border a spot lies, also for spots it has not seen", async () => {
    const batchSize = 16;
    const trainer = await createTrainer(
      runtime,
      (w, { x, labels }, random) => ({
        losses: { classifier: crossEntropy(compartmentClassifier(w, small, x, random), labels) },
      }),
      { x: f32(batchSize, 3, side, side), labels: i64(batchSize) },
      {
        groups: { classifier: { prefix: "", learningRate: () => 3e-3 } },
        weights: initializeWeights(declared(small, side).parameters, 3),
        seed: 1,
      },
    );
    for (let step = 0; step < 80; step++) await trainer.step(crops(batchSize, 10 + step));
    const weights = await trainer.weights();
    await trainer.close();

    const unseen = crops(64, 1);
    const program = await compile(
      runtime,
      (w, { x }) => ({ logits: compartmentClassifier(w, small, x) }),
      { x: f32(64, 3, side, side) },
      { weights },
    );
    const logits = (await program.run({ x: unseen.x })).logits.data as Float32Array;
    await program.close();
    const right = Array.from({ length: 64 }, (_, i) => Number(logits[2 * i + 1]! > logits[2 * i]!) === i % 2);
    expect(right.filter(Boolean).length / 64).toBeGreaterThan(0.9);
  });
});
