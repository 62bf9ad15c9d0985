// Checkpoints that PyTorch itself wrote, as training scripts leave them (fixtures/torch/make_checkpoints.py).

import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { isConsistent, type NdArray } from "../nd-array.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { readTorchCheckpoint } from "./checkpoint.ts";
import { collectTensors } from "./state-dict.ts";

const read = (name: string) => readTorchCheckpoint(readFixture(`torch/${name}`)) as Map<string, unknown>;
const listed = (array: unknown) => {
  const { dtype, shape, data } = array as NdArray;
  return [dtype, shape, Array.from(data as Float32Array)];
};

describe("a checkpoint of a training script", () => {
  const tree = read("training.pt");

  it("is read with what stands beside the weights", () => {
    expect(Object.fromEntries([...tree].filter(([, value]) => typeof value !== "object"))).toEqual({
      epoch: 3,
      device: "cuda:1",
      host: "cpu",
      dtype: "torch.float32",
      half: "torch.bfloat16",
      small: "torch.float8_e4m3fn",
      layout_of: "torch.FloatTensor",
    });
    expect(tree.get("size")).toEqual([2, 3]);
    expect(listed(tree.get("loss"))).toEqual(["float32", [], [0.25]]);
    expect(listed(tree.get("rng"))).toEqual(["uint8", [3], [1, 2, 3]]);
  });

  it("keeps the Counter of MultiStepLR and the state of AdamW", () => {
    const scheduler = tree.get("scheduler") as Map<string, unknown>;
    expect(scheduler.get("milestones")).toEqual(
      new Map([
        [2, 1],
        [4, 2],
      ]),
    );
    const optimizer = tree.get("optimizer") as Map<string, Map<number, Map<string, unknown>>>;
    expect(listed(optimizer.get("state")!.get(1)!.get("exp_avg"))).toEqual([
      "float32",
      [2],
      Array.from(Float32Array.of(0.1, 0.1)),
    ]);
  });

  it("of Lightning is read with scores of NumPy and paths", () => {
    const lightning = read("lightning.ckpt");
    const callbacks = lightning.get("callbacks") as Map<string, Map<string, unknown>>;
    expect(callbacks.get("EarlyStopping")).toEqual(
      new Map([
        ["best_score", 0.5],
        ["wait_count", 2],
      ]),
    );
    expect(callbacks.get("ModelCheckpoint{'monitor': 'val_loss'}")!.get("dirpath")).toBe("/checkpoints");
    const parameters = lightning.get("hyper_parameters") as Map<string, unknown>;
    expect(parameters.get("args")).toEqual(Object.assign(Object.create(null), { width: 8 }));
  });
});

describe("tensors", () => {
  const tensors = read("tensors.pt");

  it.each<[string, unknown[]]>([
    ["uint16", ["uint16", [2], [1, 65535]]],
    ["uint32", ["uint32", [2, 1], [1, 2 ** 32 - 1]]],
    ["uint64", ["uint64", [2], [1n, 2n ** 64n - 1n]]],
    ["uint16 view", ["uint16", [2], [2, 4]]],
    ["complex64", ["float32", [1, 2, 2], [1, 2, 3, -4]]],
    ["complex128", ["float64", [2], [5, 6]]],
    ["complex view", ["float32", [2, 2], [3, 4, 7, 8]]],
    ["parameter", ["float32", [2, 2], [0, 1, 2, 3]]],
    ["transposed", ["float32", [2, 2], [0, 2, 1, 3]]],
    ["empty", ["float32", [0, 3], []]],
  ])("of kind %s are read", (name, expected) => {
    expect(listed(tensors.get(name))).toEqual(expected);
    expect(isConsistent(tensors.get(name) as NdArray)).toBe(true);
  });

  it("of complex halves are read as halves", () => {
    expect(listed(read("complex-half.pt").get("a"))).toEqual(["float16", [1, 2], [0x3c00, 0x4000]]);
  });

  it("with attributes are read without them", () => {
    expect([...read("attributes.pt")].map(([name, array]) => [name, listed(array)[2]])).toEqual([
      ["parameter", [0, 1]],
      ["tensor", [0, 1, 2]],
      ["buffer", [0]],
    ]);
  });

  it.each<[string, RegExp]>([
    ["quantized.pt", /quantised tensors are not read .*; call dequantize\(\) on them before saving$/],
    ["sparse.pt", /sparse tensors are not read .*; call to_dense\(\)/],
    ["sparse-csr.pt", /sparse tensors are not read .*; call to_dense\(\)/],
    ["float8.pt", /tensors of torch\.float8_e4m3fn are not read; convert them before saving/],
    ["conjugate.pt", /to be conjugated or negated on reading; call resolve_conj\(\)/],
    ["meta.pt", /its tensors have no values \(device meta\)/],
    ["module.pt", /a whole network, not its weights .*; save the state dict alone/],
    ["script.pt", /it is a TorchScript model .*; save the state dict alone/],
  ])("of %s are refused by name", (name, message) => {
    expect(() => read(name)).toThrow(FormatError);
    expect(() => read(name)).toThrow(message);
  });
});

describe("values of Python and NumPy", () => {
  const values = read("values.pt");

  it.each<[string, unknown]>([
    ["path", "/data/run 1/a.pt"],
    ["relative", "a/b"],
    ["windows", "C:\\data\\a.pt"],
    ["when", "2026-11-30T09:05:07.000042"],
    ["day", "2026-01-02"],
    ["took", 86402.5],
    ["counter", new Map([["a", 2]])],
    ["defaultdict", new Map([["a", [1]]])],
    ["counts", new Map([["b", 3]])],
    ["complex", [1, -2]],
    ["bytes", Uint8Array.of(0, 255)],
    ["bytearray", Uint8Array.of(1, 254)],
    ["set", new Set([1])],
    ["frozenset", new Set([2])],
    ["float64", 0.1],
    ["float32", 0.5],
    ["int64", -(2 ** 40)],
    ["uint8", 255],
    ["bool", true],
    ["array", { dtype: "float32", shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
    ["fortran", { dtype: "int16", shape: [2, 3], data: Int16Array.of(0, 1, 2, 3, 4, 5) }],
    ["big-endian", { dtype: "float64", shape: [2], data: Float64Array.of(1.5, -2) }],
    ["rng", ["MT19937", { dtype: "uint32", shape: [4], data: Uint32Array.of(0, 1, 2, 3) }, 4, 0, 0]],
  ])("are read: %s", (name, expected) => {
    expect(values.get(name)).toEqual(expected);
  });

  it("are read as objects without prototype where they are namespaces", () => {
    expect({ ...(values.get("namespace") as object) }).toEqual({ width: 8, name: "a" });
    expect({ ...(values.get("simple") as object) }).toEqual({ depth: 2 });
    expect(Object.getPrototypeOf(values.get("simple"))).toBeNull();
  });

  it.each(["values-protocol4.pt", "values-protocol5.pt"])("are read from %s", (name) => {
    expect(Object.fromEntries(read(name))).toEqual({
      array: { dtype: "int64", shape: [3], data: BigInt64Array.of(0n, 1n, 2n) },
      scalar: 2.5,
      when: "2026-01-02",
    });
  });
});

it.each(["training.pt", "tensors.pt", "values.pt", "lightning.ckpt", "attributes.pt", "legacy.pt"])(
  "reads or refuses each of 1500 damaged copies of %s",
  async (name) => {
    const outcome = await readMutated(readFixture(`torch/${name}`), 1500, (damaged) => {
      for (const array of collectTensors(readTorchCheckpoint(damaged)).values())
        expect(isConsistent(array)).toBe(true);
    });
    expect(outcome.read + outcome.refused).toBe(1500);
    expect(outcome.refused).toBeGreaterThan(100);
  },
);
