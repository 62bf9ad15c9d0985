import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import {
  bytesPerElement,
  type DType,
  elementCount,
  type NdArray,
  toFloat32,
  viewBytes,
} from "../nd-array.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { readNpy, readNpyHeader, writeNpy } from "./npy.ts";

const dtypes: DType[] = [
  "float64",
  "float32",
  "float16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint64",
  "uint32",
  "uint16",
  "uint8",
  "bool",
];

const arrays = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(255))
  .map(([dtype, shape, seed]): NdArray => {
    const count = elementCount(shape);
    const bytes = Uint8Array.from(
      { length: count * bytesPerElement(dtype) },
      (_, i) => (seed + i * 37) & 0xff,
    );
    return { dtype, shape, data: viewBytes(bytes, dtype, 0, count) };
  });

/** A version 1 file with the given header text and data. */
function fileOf(header: string, data: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  return Uint8Array.of(
    0x93,
    78,
    85,
    77,
    80,
    89,
    1,
    0,
    text.length & 0xff,
    text.length >> 8,
    ...text,
    ...data,
  );
}

describe("npy", () => {
  it("reads back any array", () => {
    fc.assert(
      fc.property(arrays, (array) => {
        expect(readNpy(writeNpy(array))).toEqual(array);
      }),
    );
  });

  it("writes the bytes that NumPy writes", () => {
    const data = Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25);
    expect(writeNpy({ dtype: "float32", shape: [2, 3], data })).toEqual(
      new Uint8Array(readFixture("f4.npy")),
    );
  });

  it.each<[string, DType, number[], number[]]>([
    ["f4.npy", "float32", [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ["f8-big-endian-fortran.npy", "float64", [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ["i2-fortran-3d.npy", "int16", [2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
    ["u2-big-endian-version2.npy", "uint16", [2, 3], [0, 1000, 2000, 3000, 4000, 5000]],
    ["b1-version3.npy", "bool", [2, 3], [1, 0, 1, 0, 1, 0]],
    ["f2-scalar.npy", "float16", [], [1.5]],
  ])("reads NumPy's %s", (name, dtype, shape, values) => {
    const array = readNpy(readFixture(name));
    expect([array.dtype, array.shape, Array.from(toFloat32(array))]).toEqual([dtype, shape, values]);
  });

  it("tells dtype, shape and byte range from the first bytes of a large file", () => {
    const file = fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 100), }");
    const fileLength = file.length + 400_000_000;
    expect(readNpyHeader(file, fileLength)).toEqual({
      dtype: "float32",
      shape: [1_000_000, 100],
      fortranOrder: false,
      littleEndian: true,
      dataStart: file.length,
      dataEnd: fileLength,
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["three bytes", Uint8Array.of(0x93, 78, 85), /magic bytes/],
    ["another kind of file", new TextEncoder().encode("not a numpy file"), /magic bytes/],
    ["a future version", fileOf("{}").with(6, 9), /version 9 is unknown/],
    ["a header beyond the file", fileOf("{}").with(9, 0x70), /cut short/],
    ["a header that is not a dict", fileOf("(1, 2)  "), /not a dict/],
    ["structured dtypes", readFixture("structured.npy"), /not a plain number type/],
    [
      "Python objects",
      fileOf("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", [0]),
      /"\|O" is not/,
    ],
    ["complex numbers", fileOf("{'descr': '<c8', 'fortran_order': False, 'shape': (0,), }"), /"<c8" is not/],
    ["a missing shape", fileOf("{'descr': '<f4', 'fortran_order': False}"), /tuple of sizes/],
    ["a negative size", fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), /tuple of sizes/],
    [
      "65 dimensions",
      fileOf(`{'descr': '|u1', 'fortran_order': False, 'shape': (${"1,".repeat(65)})}`, [0]),
      /65 dim/,
    ],
    [
      "too little data",
      fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", [0, 0, 0, 0]),
      /needs 8/,
    ],
    [
      "too much data",
      fileOf("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", [0, 0]),
      /2 bytes of data/,
    ],
    [
      "a shape whose product overflows",
      fileOf("{'descr': '|u1', 'fortran_order': True, 'shape': (9007199254740991, 9007199254740991)}", [0]),
      /1 bytes of data follow/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(FormatError);
    expect(() => readNpy(bytes)).toThrow(message);
  });

  it("refuses to write what NumPy does not have", () => {
    expect(() => writeNpy({ dtype: "bfloat16", shape: [1], data: Uint16Array.of(0) })).toThrow(
      /no such dtype/,
    );
    expect(() => writeNpy({ dtype: "uint8", shape: [2], data: Uint8Array.of(0) })).toThrow(/does not fit/);
  });

  it.each(["f4.npy", "i2-fortran-3d.npy", "u2-big-endian-version2.npy"])(
    "reads or refuses each of 2000 damaged copies of %s",
    async (name) => {
      const outcome = await readMutated(readFixture(name), 2000, (damaged) => {
        const array = readNpy(damaged);
        expect(array.data.length).toBe(elementCount(array.shape));
      });
      expect(outcome.read).toBeGreaterThan(50);
      expect(outcome.refused).toBeGreaterThan(100);
    },
  );
});
