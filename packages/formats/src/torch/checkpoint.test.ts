import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { type DType, elementCount, isConsistent, type NdArray } from "../nd-array.ts";
import { checkpointOf, integer, latin1, sizes, storage, tensor } from "../testing/checkpoint.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { readTorchCheckpoint } from "./checkpoint.ts";
import { collectTensors } from "./state-dict.ts";

const readTensor = (...args: Parameters<typeof tensor>) =>
  readTorchCheckpoint(checkpointOf(`\x80\x02${tensor(...args)}.`)) as NdArray;

describe("readTorchCheckpoint", () => {
  const tree = readTorchCheckpoint(readFixture("checkpoint.pt")) as Map<string, unknown>;
  const state = tree.get("model") as Map<string, NdArray>;

  it.each<[string, DType, number[], (number | bigint)[]]>([
    ["weight", "float32", [2, 3], [0, 1, 2, 3, 4, 5]],
    ["transposed", "float32", [3, 2], [0, 3, 1, 4, 2, 5]],
    ["row", "float32", [3], [3, 4, 5]],
    ["column", "float32", [2], [1, 4]],
    ["expanded", "float32", [2, 2], [7, 8, 7, 8]],
    ["half", "float16", [2], [0x3e00, 0xc000]],
    ["bfloat", "bfloat16", [2], [0x3f80, 0xbf00]],
    ["double", "float64", [1, 1], [0.1]],
    ["long", "int64", [], [-(2n ** 40n)]],
    ["int", "int32", [1], [3]],
    ["short", "int16", [1], [-3]],
    ["char", "int8", [1], [-128]],
    ["byte", "uint8", [1], [255]],
    ["bool", "bool", [3], [1, 0, 1]],
    ["empty", "float32", [0, 4], []],
  ])("reads the tensor %s", (name, dtype, shape, values) => {
    const array = state.get(name)!;
    expect([array.dtype, array.shape, Array.from(array.data as Float32Array)]).toEqual([
      dtype,
      shape,
      values,
    ]);
  });

  it("reads the plain values around the tensors", () => {
    expect({ ...(tree.get("args") as object) }).toEqual({
      layers: 6,
      dropout: 0.1,
      arch: "esm2",
      tokens: new Set(["a"]),
      raw: Uint8Array.of(0, 255),
      nothing: null,
    });
    expect(tree.get("step")).toBe(2n ** 70n);
    expect(tree.get("flags")).toEqual([true, false, [1, -2, 300, 70000]]);
  });

  it("gives tensors as views of the file", () => {
    const bytes = new Uint8Array(readFixture("checkpoint.pt"));
    const shared = collectTensors(readTorchCheckpoint(bytes));
    expect(shared.get("weight")!.data.buffer).toBe(bytes.buffer);
    expect(shared.get("row")!.data.byteOffset).toBe(shared.get("weight")!.data.byteOffset + 12);
  });

  it("reads a tensor of any stride that stays inside its storage", () => {
    expect(readTensor([2, 2], [1, 2])).toEqual({
      dtype: "float32",
      shape: [2, 2],
      data: Float32Array.of(1, 3, 2, 4),
    });
    expect(readTensor([2], [3])).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(1, 4) });
    expect(readTensor([1, 3], [99, 1], 1).data).toEqual(Float32Array.of(2, 3, 4));
  });

  it("reads a storage that begins at an odd place", () => {
    const bytes = checkpointOf(`\x80\x02${tensor([4], [1])}.`);
    for (const shift of [0, 1, 2, 3]) {
      const shifted = new Uint8Array(bytes.length + shift);
      shifted.set(bytes, shift);
      expect((readTorchCheckpoint(shifted.subarray(shift)) as NdArray).data).toEqual(
        Float32Array.of(1, 2, 3, 4),
      );
    }
  });

  it("gives a tensor a shape of its own, which nothing later in the pickle changes", () => {
    const shape = `(${integer(4)}tq\x00`;
    const rebuilt = `ctorch._utils\n_rebuild_tensor_v2\n(${storage()}${integer(0)}${shape}${sizes(1)}\x89NtR`;
    const array = readTorchCheckpoint(checkpointOf(`\x80\x02${rebuilt}h\x00${integer(9)}a0.`)) as NdArray;
    expect(array.shape).toEqual([4]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", Uint8Array.of(1, 2, 3), /not a zip archive/],
    ["an archive of something else", zipSync({ "a.txt": strToU8("a") }), /holds no data.pkl/],
    ["a big-endian checkpoint", checkpointOf("\x80\x02N.", { "m/byteorder": strToU8("big") }), /big-endian/],
    [
      "a compressed one",
      zipSync({ "m/data.pkl": [latin1("N.".padEnd(99)), { level: 9 }] }),
      /"m\/data.pkl" is compressed/,
    ],
    [
      "a call of the system",
      checkpointOf("cos\nsystem\n(U\x02lstR."),
      /asks for os.system, which is not allowed.*state dict/,
    ],
    ["a class of a model", checkpointOf("cmymodel\nNet\n)\x81."), /asks for mymodel.Net/],
    [
      "a storage that is missing",
      checkpointOf(`${storage("FloatStorage", 4, "9")}.`),
      /storage "9" is missing/,
    ],
    [
      "a storage of another size",
      checkpointOf(`${storage("FloatStorage", 5)}.`),
      /16 bytes, not those of 5 float32/,
    ],
    [
      "a storage of another type",
      checkpointOf(`${storage("DoubleStorage")}.`),
      /16 bytes, not those of 4 float64/,
    ],
    ["another persistent id", checkpointOf("U\x01aQ."), /not that of a storage/],
    [
      "a tensor beyond its storage",
      checkpointOf(`${tensor([4], [1], 1)}.`),
      /\[4\] reaches beyond its storage of 4/,
    ],
    ["a stride beyond it", checkpointOf(`${tensor([2, 2], [9, 1])}.`), /reaches beyond/],
    ["a negative stride", checkpointOf(`${tensor([4], [-1], 3)}.`), /not made of storage/],
    ["a negative size", checkpointOf(`${tensor([-4], [1])}.`), /not made of storage/],
    ["a stride too few", checkpointOf(`${tensor([2, 2], [1])}.`), /not made of storage/],
    ["a tensor without a storage", checkpointOf(`${tensor([1], [1], 0, "N")}.`), /not made of storage/],
    [
      "a tensor expanded to a gigabyte",
      checkpointOf(`${tensor([2 ** 28], [0])}.`),
      /larger than the file; call contiguous/,
    ],
    [
      "bytes beyond Latin-1",
      checkpointOf("c_codecs\nencode\n(X\x02\x00\x00\x00\xce\xbbU\x06latin1tR."),
      /Latin-1/,
    ],
    [
      "an ordered dict of numbers",
      checkpointOf("ccollections\nOrderedDict\n(](K\x01etR."),
      /not made of pairs/,
    ],
    ["a set of a number", checkpointOf("cbuiltins\nset\n(K\x01tR."), /not made of a list/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readTorchCheckpoint(bytes)).toThrow(FormatError);
    expect(() => readTorchCheckpoint(bytes)).toThrow(message);
  });

  it("refuses a storage forged of plain values", () => {
    const forged = "cargparse\nNamespace\n)R}(U\x05dtypeU\x07float32U\x04data](K\x01K\x02eub";
    expect(() => readTensor([1], [1], 0, forged)).toThrow(/not made of storage/);
  });

  it("refuses more copies of one storage than the file is large", () => {
    const rebuilt = tensor([2, 2000], [1, 2], 0, storage("FloatStorage", 4000)); // 16 kB
    const copies = (count: number) =>
      checkpointOf(`\x80\x02(${rebuilt.repeat(count)}t.`, { "m/data/0": new Uint8Array(16_000) });
    expect(readTorchCheckpoint(copies(2))).toHaveLength(2);
    expect(() => readTorchCheckpoint(copies(100))).toThrow(/larger than the file/);
  });

  it("reads or refuses each of 5000 damaged checkpoints", async () => {
    const outcome = await readMutated(readFixture("checkpoint.pt"), 5000, (damaged) => {
      const tensors = collectTensors(readTorchCheckpoint(damaged));
      for (const array of tensors.values()) {
        expect(isConsistent(array)).toBe(true);
        expect(elementCount(array.shape)).toBeLessThan(10_000);
      }
    });
    expect(outcome.read).toBeGreaterThan(200);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
