import {
  bool,
  compile,
  f32,
  grad,
  i32,
  initializeWeights,
  type NdArray,
  type Runtime,
  type Tensor,
  trace,
  type Weights,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyCytoself } from "../testing/tiny-cytoself.ts";
import { classifyCode } from "./network.ts";
import {
  type CytoselfRegressorConfig,
  cytoselfRegressionLoss,
  cytoselfRegressor,
  cytoselfRegressorDefaults,
  judgedLevel,
  regressionClassifierWeight,
} from "./regressor.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const codeSize = 16; // 4x2x2
const config: CytoselfRegressorConfig = {
  proteinEmbeddingDims: 3,
  projectionDims: codeSize,
  dropout: 0.2,
  esmBottleneck: null,
};
const wave = (...shape: number[]): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + 1.7 * i)),
});

const types = { expected: f32(2, codeSize), code: f32(2, 4, 2, 2), labels: i32(2), labelWeights: f32(2) };
type Inputs = { readonly [K in keyof typeof types]: Tensor };
const lossOf = (w: Weights, { expected, ...targets }: Inputs, options = {}) =>
  cytoselfRegressionLoss(w.at("cytoself"), tinyCytoself, expected, targets, options);
const traced = trace((w, inputs: Inputs) => ({ ...lossOf(w, inputs) }), types);
const weights = initializeWeights(traced.parameters, 5);

async function run(labels: number[], labelWeights: number[], options = {}) {
  const program = await compile(
    runtime,
    (w, { expected, ...targets }) => {
      const outputs = lossOf(w, { expected, ...targets }, options);
      const logits = classifyCode(w.at("cytoself"), tinyCytoself, 2, targets.code, { training: false });
      const { loss, meanSquaredError: error, crossEntropy } = outputs;
      return { loss, error, crossEntropy, ofExpected: outputs.logits, ofImages: logits };
    },
    types,
    { weights },
  );
  const outputs = await program.run({
    ...{ expected: wave(2, codeSize), code: wave(2, 4, 2, 2) },
    labels: { dtype: "int32", shape: [2], data: Int32Array.from(labels) },
    labelWeights: { dtype: "float32", shape: [2], data: Float32Array.from(labelWeights) },
  });
  await program.close();
  const numbers = (array: NdArray) => Array.from(array.data as Float32Array);
  return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, numbers(array)]));
}

describe("the loss of the cytoself regressor", () => {
  it("reads an expected code as cytoself reads that of an image", async () => {
    const { error, ofExpected, ofImages } = await run([0, 2], [1, 1]);
    expect(error![0]).toBeCloseTo(0, 9); // the code itself was expected
    for (const [i, logit] of ofImages!.entries()) expect(ofExpected![i]).toBeCloseTo(logit, 5);
    expect(new Set(ofImages).size).toBeGreaterThan(3);
  });

  it("counts the class ten times, where it is known", async () => {
    expect(regressionClassifierWeight).toBe(10);
    const { loss, error, crossEntropy, ofExpected } = await run([0, 2], [0, 1]);
    const [second] = [ofExpected!.slice(3)];
    const logSum = Math.log(second!.reduce((sum, logit) => sum + Math.exp(logit), 0));
    expect(crossEntropy![0]).toBeCloseTo(logSum - second![2]!, 5);
    expect(loss![0]).toBeCloseTo(error![0]! + 10 * crossEntropy![0]!, 5);
    expect((await run([0, 2], [0, 1], { classifierWeight: 2 })).loss![0]).toBeCloseTo(
      error![0]! + 2 * crossEntropy![0]!,
      5,
    );
    expect((await run([0, 0], [0, 0])).loss![0]).toBeCloseTo(0, 6);
  });

  it("needs no part of cytoself but its classifier, and passes its gradient on to the code", () => {
    expect([...traced.parameters.keys()].every((name) => name.startsWith("cytoself.fc_layers.1."))).toBe(
      true,
    );
    expect(traced.random.size).toBe(0); // no dropout in a classifier that stays as it is
    const [gradient] = grad(traced.outputs.crossEntropy!, [traced.inputs.get("expected")!]);
    expect(gradient!.shape).toEqual([2, codeSize]);
  });

  it("refuses codes of another size", () => {
    expect(() =>
      trace((w, inputs: Inputs) => ({ ...lossOf(w, inputs) }), { ...types, expected: f32(2, 12) }),
    ).toThrow(/expected codes \[2, 12\] do not match \[2, 4, 2, 2\]/);
  });
});

describe("the cytoself regressor", () => {
  it("expects one code of each protein, with the original's parameters", () => {
    const { parameters, outputs } = trace((w, inputs) => ({ code: cytoselfRegressor(w, config, inputs) }), {
      sequence: f32("batch", "residues", 3),
      mask: bool("batch", "residues"),
    });
    expect(outputs.code!.shape).toEqual(["batch", codeSize]);
    expect(parameters.get("protein_projection.projection.weight")!.shape).toEqual([codeSize, 3]);
    expect(parameters.size).toBe(6);
    expect(cytoselfRegressorDefaults.projectionDims).toBe(64 * 4 * 4);
  });

  it("is judged at the innermost level that has a classifier", () => {
    expect(judgedLevel(tinyCytoself)).toBe(2);
    expect(judgedLevel({ ...tinyCytoself, fcOutputIdx: [2, 1] })).toBe(2);
  });
});
