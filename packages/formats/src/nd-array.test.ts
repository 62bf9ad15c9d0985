import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytesOf,
  bytesPerElement,
  type DType,
  elementCount,
  isConsistent,
  swapByteOrder,
  type TypedArray,
  toFloat32,
  viewBytes,
} from "./nd-array.ts";

describe("elementCount", () => {
  it("multiplies the sizes; a scalar has one element", () => {
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([])).toBe(1);
    expect(elementCount([5, 0])).toBe(0);
  });

  it("gives zero, not NaN, for sizes whose product overflows beside a zero", () => {
    expect(elementCount([...Array(40).fill(2 ** 52), 0])).toBe(0);
  });
});

describe("isConsistent", () => {
  it("holds when type and count of the data fit dtype and shape", () => {
    expect(isConsistent({ dtype: "float16", shape: [2, 2], data: new Uint16Array(4) })).toBe(true);
    expect(isConsistent({ dtype: "float32", shape: [], data: new Float32Array(1) })).toBe(true);
  });

  it("fails on another count or another type", () => {
    expect(isConsistent({ dtype: "float32", shape: [3], data: new Float32Array(4) })).toBe(false);
    expect(isConsistent({ dtype: "float32", shape: [4], data: new Float64Array(4) })).toBe(false);
  });
});

describe("viewBytes", () => {
  it("shares memory where the offset is aligned and copies where it is not", () => {
    const values = Float32Array.of(1, 2, 3);
    const shifted = new Uint8Array(13);
    shifted.set(bytesOf(values), 1);
    const aligned = viewBytes(bytesOf(values), "float32", 4, 2);
    const copied = viewBytes(shifted, "float32", 1, 3);
    expect(Array.from(aligned as Float32Array)).toEqual([2, 3]);
    expect(aligned.buffer).toBe(values.buffer);
    expect(Array.from(copied as Float32Array)).toEqual([1, 2, 3]);
    expect(copied.buffer).not.toBe(shifted.buffer);
  });

  it("copies an unaligned part of a Node Buffer too", () => {
    const buffer = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(Array.from(viewBytes(buffer, "uint32", 1, 2) as Uint32Array)).toEqual([0x04030201, 0x08070605]);
  });

  it("gives back any bytes at any offset, for every width", () => {
    const dtypes: DType[] = ["uint8", "bfloat16", "int32", "float64"];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.nat(9),
        fc.constantFrom(...dtypes),
        (body, shift, dtype) => {
          const count = Math.floor(body.length / bytesPerElement(dtype));
          const bytes = new Uint8Array([...new Uint8Array(shift), ...body]);
          const used = body.slice(0, count * bytesPerElement(dtype));
          expect(bytesOf(viewBytes(bytes, dtype, shift, count)).slice()).toEqual(used);
        },
      ),
    );
  });
});

describe("swapByteOrder", () => {
  it("reverses each element and leaves single bytes alone", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    swapByteOrder(bytes, 4);
    expect(Array.from(bytes)).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
    swapByteOrder(bytes, 1);
    expect(Array.from(bytes)).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  });
});

describe("toFloat32", () => {
  it("returns float32 data as it is", () => {
    const data = Float32Array.of(1.5);
    expect(toFloat32({ dtype: "float32", shape: [1], data })).toBe(data);
  });

  it("converts every other dtype by value", () => {
    const cases: [DType, TypedArray, number[]][] = [
      ["float64", Float64Array.of(0.1), [Math.fround(0.1)]],
      ["float16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
      ["bfloat16", Uint16Array.of(0x3f80, 0xc000), [1, -2]],
      ["int64", BigInt64Array.of(-3n), [-3]],
      ["uint64", BigUint64Array.of(7n), [7]],
      ["int8", Int8Array.of(-1), [-1]],
      ["uint16", Uint16Array.of(65535), [65535]],
      ["bool", Uint8Array.of(0, 1), [0, 1]],
    ];
    for (const [dtype, data, expected] of cases) {
      expect(Array.from(toFloat32({ dtype, shape: [data.length], data }))).toEqual(expected);
    }
  });
});
