import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { compile, exportOnnx } from "../compile.ts";
import { grad } from "../gradient.ts";
import { batchNorm, convolution, embedding, groupNorm, layerNorm, linear } from "../nn/layers.ts";
import { attention, rotaryEmbedding } from "../ops/attention.ts";
import { sum } from "../ops/broadcast.ts";
import { add, gelu, mul, select, silu, stopGradient } from "../ops/elementwise.ts";
import { concat, reshape, slice, transpose } from "../ops/layout.ts";
import { crossEntropy } from "../ops/loss.ts";
import { layerNorm as normalize } from "../ops/normalize.ts";
import { argMax, mean } from "../ops/reduce.ts";
import { resizeBilinear, resizeNearest } from "../ops/resize.ts";
import { initializeWeights } from "../random/initialize.ts";
import { input, type NdArray, type Tensor } from "../tensor.ts";
import { array, numbers, random, sharedRuntime } from "../testing/evaluate.ts";
import { bool, f32, i64, type Model, trace } from "../trace.ts";
import { emitOnnx } from "./emit.ts";

const decode = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);

describe("emitOnnx", () => {
  test("writes IR version 10, opset 21, standard operators alone, names and open dimensions", () => {
    const x = input("x", { dtype: "float32", shape: ["batch", 3] });
    const model = decode(emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", mul(x, 2)]]) }));
    expect(model.irVersion).toBe(10n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([["", 21n]]);
    expect(model.graph!.node.map(({ opType, domain }) => [opType, domain])).toEqual([
      ["Mul", ""],
      ["Identity", ""],
    ]);
    const type = model.graph!.input[0]!.type!.value.value as { shape: { dim: { value: unknown }[] } };
    expect(type.shape.dim.map(({ value }) => value)).toEqual([
      { case: "dimParam", value: "batch" },
      { case: "dimValue", value: 3n },
    ]);
  });

  test("leaves out what no output depends on", () => {
    const x = input("x", { dtype: "float32", shape: [3] });
    silu(x);
    const model = decode(emitOnnx({ inputs: new Map([["x", x]]), outputs: new Map([["y", x]]) }));
    expect(model.graph!.node).toHaveLength(1);
    expect(model.graph!.initializer).toHaveLength(0);
  });

  test("leaves out the outputs of a node that nothing reads", () => {
    const x = input("x", { dtype: "float32", shape: [2, 3] });
    const y = normalize(x);
    const outputsOf = (...outputs: Tensor[]) => {
      const named = new Map(outputs.map((output, i) => [`y${i}`, output]));
      const { node } = decode(emitOnnx({ inputs: new Map([["x", x]]), outputs: named })).graph!;
      return node.find(({ opType }) => opType === "LayerNormalization")!.output.map((name) => name !== "");
    };
    expect(outputsOf(y)).toEqual([true]);
    expect(outputsOf(grad(sum(mul(y, y)), [x])[0]!)).toEqual([true, true, true]);
    expect(outputsOf(y.node.outputs[2]!)).toEqual([false, false, true]);
  });

  test("names a leaf that is neither an input nor an initializer", () => {
    const [x, y] = ["x", "y"].map((name) => input(name, { dtype: "float32", shape: [3] }));
    expect(() => emitOnnx({ inputs: new Map([["x", x!]]), outputs: new Map([["z", add(x!, y!)]]) })).toThrow(
      'onnx: Input "y" is neither an input nor an initializer',
    );
  });
});

const types = {
  image: f32(2, 3, 6, 5),
  tokens: i64(2, "residues"),
  mask: bool(2, "residues"),
  labels: i64(2),
};

/** One use of nearly every operator, with the gradients of it all. */
const everything: Model<typeof types> = (w, { image, tokens, mask, labels }) => {
  const features = silu(
    groupNorm(w.at("norm"), convolution(w.at("conv"), image, 8, { kernel: 3, padding: 1 }), 2, 1e-5),
  );
  const smaller = convolution(w.at("down"), features, 8, {
    kernel: 3,
    stride: 2,
    padding: [0, 0, 1, 1],
    groups: 8,
  });
  const normal = batchNorm(w.at("batch"), smaller, { training: false });
  const size = { height: 6, width: 5 };
  const image2 = concat([resizeNearest(normal, size), resizeBilinear(slice(normal, 1, 0, 4), size)], 1); // [2, 12, 6, 5]
  const pixels = transpose(reshape(image2, [2, 12, 30]), [0, 2, 1]); // [2, 30, 12]
  const sequence = layerNorm(w.at("layer"), embedding(w.at("embed"), tokens, 9, 12)); // [2, residues, 12]
  const heads = (name: string, x: Tensor) =>
    transpose(reshape(linear(w.at(name), x, 12), [2, x.shape[1]!, 3, 4]), [0, 2, 1, 3]);
  const bias = select(reshape(mask, [2, 1, 1, "residues"]), stopGradient(mean(sequence)), -1e9);
  const query = rotaryEmbedding(heads("query", pixels));
  const attended = attention(query, rotaryEmbedding(heads("key", sequence)), heads("value", sequence), {
    bias,
  });
  const logits = linear(w.at("head"), gelu(mean(reshape(attended, [2, 3, 30, 4]), { axes: [2, 3] })), 4);
  const loss = crossEntropy(logits, labels);
  const targets = [image, w.parameter("embed.weight", [9, 12], { kind: "constant", value: 0 })];
  const [toImage, toEmbedding] = grad(add(loss, sum(mul(image2, 0.01))), targets);
  return { logits, loss, best: argMax(logits), toImage: toImage!, toEmbedding: toEmbedding! };
};

const checkInPython = `
import json, sys, numpy, onnx, onnxruntime
folder = sys.argv[1]
model = onnx.load(folder + "/model.onnx")
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(folder + "/model.onnx", providers=["CPUExecutionProvider"])
feeds = json.load(open(folder + "/feeds.json"))
arrays = {n: numpy.array(f["values"], f["dtype"]).reshape(f["shape"]) for n, f in feeds.items()}
names = [o.name for o in session.get_outputs()]
results = session.run(names, arrays)
print(json.dumps({n: {"shape": r.shape, "values": r.ravel().tolist()} for n, r in zip(names, results)}))
`;

const python = process.env.PROTEOSCOPE_PYTHON ?? "python3";
const hasOnnx = (() => {
  try {
    execFileSync(python, ["-c", "import numpy, onnx, onnxruntime"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasOnnx)(
  "an exported model with gradients passes onnx.checker and gives its outputs in Python's onnxruntime (needs python3 with onnx and onnxruntime)",
  async () => {
    const traced = trace(everything, types);
    const weights = initializeWeights(traced.parameters, 3);
    const feeds: Record<keyof typeof types, NdArray> = {
      image: random([2, 3, 6, 5], 1),
      tokens: array([2, 4], [1, 5, 5, 8, 0, 2, 3, 3], "int64"),
      mask: array([2, 4], [1, 1, 1, 0, 1, 1, 0, 0], "bool"),
      labels: array([2], [3, 0], "int64"),
    };
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-onnx-"));
    writeFileSync(join(folder, "model.onnx"), exportOnnx(traced, weights));
    const plain = Object.entries(feeds).map(([name, value]) => [name, { ...value, values: numbers(value) }]);
    writeFileSync(join(folder, "feeds.json"), JSON.stringify(Object.fromEntries(plain), dropData));
    const printed = execFileSync(python, ["-c", checkInPython, folder], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    const theirs = JSON.parse(printed) as Record<string, { shape: number[]; values: number[] }>;

    const program = await compile(await sharedRuntime, everything, types, { weights });
    const ours = await program.run(feeds);
    await program.close();
    expect(Object.keys(theirs)).toEqual(Object.keys(ours));
    for (const [name, value] of Object.entries(ours)) {
      expect(theirs[name]!.shape).toEqual(value.shape);
      numbers(value).forEach((v, i) => void expect(theirs[name]!.values[i]).toBeCloseTo(v, 5));
    }
  },
  60_000,
);

const dropData = (key: string, value: unknown) => (key === "data" ? undefined : value);
