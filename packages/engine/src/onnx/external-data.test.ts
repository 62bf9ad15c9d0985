import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type TensorProto, TensorProto_DataLocation } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { compile, exportOnnx, exportOnnxModel } from "../compile.ts";
import { linear } from "../nn/layers.ts";
import { add } from "../ops/elementwise.ts";
import { initializeWeights } from "../random/initialize.ts";
import { constant, type NdArray } from "../tensor.ts";
import { numbers, random, sharedRuntime } from "../testing/evaluate.ts";
import { f32, type Model, trace } from "../trace.ts";
import type { ExternalData, OnnxModel } from "./external-data.ts";

const types = { x: f32("batch", 30) };

/** Two large weights (30 x 30), two small ones and a constant of each kind. */
const model: Model<typeof types> = (w, { x }) => {
  const hidden = add(linear(w.at("first"), x, 30), constant(random([30], 5)));
  return { y: add(linear(w.at("second"), hidden, 30), constant(random([10, 1, 30], 6))) };
};
const traced = trace(model, types);
const weights = initializeWeights(traced.parameters, 3);

const tensorsOf = ({ model }: OnnxModel) => fromBinary(ModelProtoSchema, model).graph!.initializer;
const isExternal = ({ dataLocation }: TensorProto) => dataLocation === TensorProto_DataLocation.EXTERNAL;
const entriesOf = ({ externalData }: TensorProto) =>
  Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
const joined = async ({ parts }: ExternalData) => new Uint8Array(await new Blob([...parts]).arrayBuffer());

describe("exportOnnxModel", () => {
  const pair = exportOnnxModel(traced, weights, { embeddedLimit: 0, location: "weights.bin" });

  test("keeps values inside up to the limit, and puts those of 1 KiB or more beside the model above it", () => {
    const bytes = tensorsOf(pair).reduce(
      (sum, { dims }) => sum + 4 * dims.reduce((n, d) => n * Number(d), 1),
      0,
    );
    const atLimit = exportOnnxModel(traced, weights, { embeddedLimit: bytes });
    expect(atLimit).not.toHaveProperty("externalData");
    expect(atLimit.model).toEqual(exportOnnx(traced, weights));
    expect(exportOnnxModel(traced, weights, { embeddedLimit: bytes - 1 })).toMatchObject({
      externalData: { location: "model.onnx.data" },
    });
    expect(tensorsOf(pair).map((tensor) => [tensor.dims.map(Number), isExternal(tensor)])).toEqual([
      [[30, 30], true],
      [[30], false],
      [[30, 30], true],
      [[30], false],
      [[30], false],
      [[10, 1, 30], true],
    ]);
  });

  test("names a page and the bytes there that are the value", async () => {
    const file = await joined(pair.externalData!);
    const external = tensorsOf(pair).filter(isExternal);
    expect(external.map(entriesOf)).toEqual([
      { location: "weights.bin", offset: "0", length: "3600" },
      { location: "weights.bin", offset: "4096", length: "3600" },
      { location: "weights.bin", offset: "8192", length: "1200" },
    ]);
    for (const [i, name] of ["first.weight", "second.weight"].entries())
      expect(new Float32Array(file.buffer, 4096 * i, 900)).toEqual(weights.get(name)!.data);
    expect(file.byteLength).toBe(8192 + 1200);
    expect(
      tensorsOf(pair)
        .filter(isExternal)
        .map(({ rawData }) => rawData.byteLength),
    ).toEqual([0, 0, 0]);
  });

  test("takes the arrays' own memory: nothing is copied", () => {
    const buffers = pair.externalData!.parts.map((part) => (part as Uint8Array).buffer);
    expect(buffers).toContain(weights.get("first.weight")!.data.buffer);
    expect(buffers).toContain(weights.get("second.weight")!.data.buffer);
  });
});

test("weights of 2 GiB are refused in one file and laid out in two", () => {
  const size = 2 ** 14;
  const data = new Float32Array(size * size); // 1 GiB, never touched
  const types = { x: f32(1, size) };
  const wide = trace<typeof types, { y: ReturnType<typeof add> }>((w, { x }) => {
    const matrix = (name: string) => w.parameter(name, [size, size], { kind: "constant", value: 0 });
    return { y: add(x, add(add(matrix("a"), matrix("b")), matrix("c"))) };
  }, types);
  const value: NdArray = { dtype: "float32", shape: [size, size], data };
  const weights = new Map(["a", "b", "c"].map((name) => [name, value]));
  expect(() => exportOnnx(wide, weights)).toThrow(
    "onnx: the model's values take 3.00 GiB, and one file holds less than 2; emitOnnxModel puts them into a second file",
  );
  const pair = exportOnnxModel(wide, weights);
  expect(tensorsOf(pair).map((tensor) => entriesOf(tensor).offset)).toEqual([
    "0",
    `${2 ** 30}`,
    `${2 ** 31}`,
  ]);
  expect(pair.model.byteLength).toBeLessThan(1000);
});

const checkInPython = `
import json, sys, numpy, onnx, onnxruntime
path = sys.argv[1] + "/model.onnx"
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
x = numpy.array(json.loads(sys.argv[2]), "float32").reshape(2, 30)
print(json.dumps(session.run(["y"], {"x": x})[0].ravel().tolist()))
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
  "a model and its external data pass onnx.checker and give the same in Python's onnxruntime (needs python3 with onnx and onnxruntime)",
  async () => {
    const { model: bytes, externalData } = exportOnnxModel(traced, weights, { embeddedLimit: 0 });
    const x = random([2, 30], 1);
    const folder = mkdtempSync(join(tmpdir(), "proteoscope-onnx-"));
    writeFileSync(join(folder, "model.onnx"), bytes);
    writeFileSync(join(folder, externalData!.location), await joined(externalData!));
    const arguments_ = ["-c", checkInPython, folder, JSON.stringify(numbers(x))];
    const theirs = JSON.parse(execFileSync(python, arguments_, { encoding: "utf8" })) as number[];
    rmSync(folder, { recursive: true });

    const program = await compile(await sharedRuntime, model, types, { weights });
    const { y } = await program.run({ x });
    await program.close();
    expect(theirs).toHaveLength(600);
    numbers(y!).forEach((v, i) => void expect(theirs[i]).toBeCloseTo(v, 5));
  },
  60_000,
);
