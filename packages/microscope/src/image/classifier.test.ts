import {
  compile,
  createGenerator,
  f32,
  initializeWeights,
  type Runtime,
  softmax,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { compartmentClassifier } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openImageClassifier } from "./classifier.ts";

const side = 16;
const config = { classes: 3, channels: [4, 8], normGroups: 4, dropout: 0.5, distanceScale: 5 };
const types = { x: f32(1, 3, side, side) };
const weights = initializeWeights(
  trace((w, { x }) => ({ y: compartmentClassifier(w, config, x) }), types).parameters,
  1,
);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

describe("the image classifier", () => {
  it("gives the classifier's probabilities of an image whose distance is in pixels, and the features", async () => {
    const image = createGenerator(1, "image").normal(3 * side * side);
    const classifier = await openImageClassifier(runtime, { config, weights }, side);
    const { probabilities, features } = (await classifier.classify(image))[0]!;
    await classifier.close();
    const scaled = image.map((value, i) => (i < 2 * side * side ? value : value / 5));
    const program = await compile(
      runtime,
      (w, { x }) => ({ y: softmax(compartmentClassifier(w, config, x)) }),
      types,
      { weights },
    );
    const { y } = await program.run({ x: { dtype: "float32", shape: [1, 3, side, side], data: scaled } });
    await program.close();
    expect([...probabilities]).toEqual([...(y.data as Float32Array)]);
    expect(features).toHaveLength(16);
  });
});
