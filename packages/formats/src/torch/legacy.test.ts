import { describe, expect, it } from "vitest";
import { concatenateBytes } from "../bytes.ts";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { latin1, storage, tensor as tensorOf, text } from "../testing/checkpoint.ts";
import { readFixture } from "../testing/fixture.ts";
import { readTorchCheckpoint } from "./checkpoint.ts";

const magic = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
const protocol = "\x80\x02M\xe9\x03.";
const system = `\x80\x02}(${text("little_endian")}\x88u.`;
const storageId = (key: string, length: number, view = "N") => storage("FloatStorage", length, key, view);
const tensor = (from: string, size: number, stride = 1) => tensorOf([size], [stride], 0, from);
const stored = (...values: number[]) =>
  concatenateBytes([
    new Uint8Array(BigUint64Array.of(BigInt(values.length)).buffer),
    new Uint8Array(Float32Array.from(values).buffer),
  ]);

/** A file whose object is what `object` makes, with a list of keys and storages behind it. */
function fileOf(object: string, keys: string, ...storages: Uint8Array[]): Uint8Array {
  return concatenateBytes([
    latin1(`${magic}${protocol}${system}\x80\x02${object}.\x80\x02${keys}.`),
    ...storages,
  ]);
}
const one = `](${text("0")}e`;

describe("files before PyTorch 1.6", () => {
  it("are read as PyTorch wrote them, with storages that tensors share", () => {
    const tree = readTorchCheckpoint(readFixture("torch/legacy.pt")) as Map<string, unknown>;
    const model = tree.get("model") as Map<string, NdArray>;
    expect(model.get("weight")).toEqual({
      dtype: "float32",
      shape: [2, 3],
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
    });
    expect(model.get("transposed")).toEqual({
      dtype: "float32",
      shape: [3, 2],
      data: Float32Array.of(0, 3, 1, 4, 2, 5),
    });
    expect(model.get("row")!.data.buffer).toBe(model.get("weight")!.data.buffer);
    expect(model.get("step")!.data[0]).toBe(7n);
    expect(tree.get("half")).toEqual({
      dtype: "bfloat16",
      shape: [3],
      data: Uint16Array.of(0, 0x3f80, 0x4000),
    });
    expect(tree.get("milestones")).toEqual(new Map([[4, 2]]));
  });

  it("are read wherever they begin in memory", () => {
    const bytes = readFixture("torch/legacy.pt");
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(readTorchCheckpoint(shifted.subarray(1))).toEqual(readTorchCheckpoint(bytes));
  });

  it("may hold several storages, in the order of their list", () => {
    const object = `(${tensor(storageId("b", 2), 2)}${tensor(storageId("a", 3), 2, 2)}t`;
    const tensors = readTorchCheckpoint(
      fileOf(object, `](${text("a")}${text("b")}e`, stored(1, 2, 3), stored(8, 9)),
    ) as NdArray[];
    expect(tensors.map(({ data }) => Array.from(data as Float32Array))).toEqual([
      [8, 9],
      [1, 3],
    ]);
  });

  const object = tensor(storageId("0", 2), 2);
  it.each<[string, Uint8Array, RegExp]>([
    ["no more than its magic number", latin1(magic), /cut short/],
    ["another protocol", latin1(`${magic}\x80\x02K\x07.`), /protocol of the file is not 1001/],
    [
      "another order of bytes",
      latin1(`${magic}${protocol}\x80\x02}(${text("little_endian")}\x89u.`),
      /big-endian/,
    ],
    [
      "a call of the system",
      fileOf("cos\nsystem\n(U\x02lstR", "]"),
      /asks for os\.system, which is not allowed/,
    ],
    ["a call where there is none", latin1(`${magic}\x80\x02cos\nsystem\n.`), /asks for os\.system/],
    ["a storage before the object", latin1(`${magic}\x80\x02K\x01Q.`), /stands where there is none/],
    [
      "a storage that is cut short",
      fileOf(object, one, stored(1, 2).subarray(0, 12)),
      /cut short or of another/,
    ],
    ["a storage of another length", fileOf(object, one, stored(1, 2, 3)), /cut short or of another length/],
    ["no storages", fileOf(object, one), /cut short or of another length/],
    ["a storage too few in the list", fileOf(object, "]"), /list of storages is not that of the tensors/],
    ["a storage of another name", fileOf(object, `](${text("1")}e`, stored(1, 2)), /list of storages/],
    [
      "a storage twice in the list",
      fileOf(object, `](${text("0")}${text("0")}e`, stored(1, 2)),
      /list of storages/,
    ],
    [
      "a view of a storage",
      fileOf(tensor(storageId("0", 2, "K\x01"), 2), one, stored(1, 2)),
      /views of one another/,
    ],
    [
      "one storage of two lengths",
      fileOf(`(${object}${tensor(storageId("0", 3), 2)}t`, one, stored(1, 2)),
      /two storages have one key/,
    ],
    ["a storage of a gigabyte", fileOf(tensor(storageId("0", 2 ** 28), 2), one), /larger than the file/],
    [
      "a tensor beyond its storage",
      fileOf(tensor(storageId("0", 2), 3), one, stored(1, 2)),
      /reaches beyond/,
    ],
  ])("are refused with %s", (_, bytes, message) => {
    expect(() => readTorchCheckpoint(bytes)).toThrow(FormatError);
    expect(() => readTorchCheckpoint(bytes)).toThrow(message);
  });
});
