import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "./half-precision.ts";

const everyHalf = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
const isFloat16NaN = (bits: number) => (bits & 0x7fff) > 0x7c00;
const isBfloat16NaN = (bits: number) => (bits & 0x7fff) > 0x7f80;

/** float16 by arithmetic alone: sign * fraction * 2^exponent. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

describe("float16", () => {
  it("widens every one of the 65536 values exactly", () => {
    expect(Array.from(float16ToFloat32(everyHalf))).toEqual(Array.from(everyHalf, float16Value));
  });

  it("narrows every widened value back to the same bits", () => {
    const back = float32ToFloat16(float16ToFloat32(everyHalf));
    const wrong = everyHalf.filter((bits) =>
      isFloat16NaN(bits) ? !isFloat16NaN(back[bits]!) : back[bits] !== bits,
    );
    expect(Array.from(wrong)).toEqual([]);
  });

  it("rounds known values as IEEE 754 says", () => {
    const cases: [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.996, 0x7bff],
      [65520, 0x7c00], // the tie goes to infinity
      [-1e9, 0xfc00],
      [1 + 2 ** -11, 0x3c00], // ties to even
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [2 ** -25 * 1.0001, 0x0001],
      [3 * 2 ** -25, 0x0002],
      [2 ** -14 - 2 ** -25, 0x0400], // rounds up from the subnormals into the normals
      [-1e-30, 0x8000],
    ];
    expect(Array.from(float32ToFloat16(Float32Array.from(cases, ([value]) => value)))).toEqual(
      cases.map(([, bits]) => bits),
    );
  });

  it("picks the nearest value, and the even one of two equally near", () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = float32ToFloat16(Float32Array.of(value))[0]!;
        const error = Math.abs(float16Value(bits) - value);
        for (const neighbour of [bits - 1, bits + 1].filter((b) => b >= 0 && !isFloat16NaN(b))) {
          const other = Math.abs(float16Value(neighbour) - value);
          if (other < error || (other === error && error > 0 && bits & 1)) return false;
        }
        return true;
      }),
    );
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32, so that widening and narrowing give the same bits", () => {
    const wide = bfloat16ToFloat32(everyHalf);
    expect(wide[0x3f80]).toBe(1);
    expect(wide[0xc2f7]).toBe(-123.5);
    const back = float32ToBfloat16(wide);
    const wrong = everyHalf.filter((bits) =>
      isBfloat16NaN(bits) ? !isBfloat16NaN(back[bits]!) : back[bits] !== bits,
    );
    expect(Array.from(wrong)).toEqual([]);
  });

  it("rounds to nearest, ties to even, and keeps NaN a NaN", () => {
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 3.4e38, Number.NaN);
    const bits = float32ToBfloat16(values);
    expect(Array.from(bits.subarray(0, 4))).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80]);
    expect(isBfloat16NaN(bits[4]!)).toBe(true);
    const payloadInLowBits = new Float32Array(Uint32Array.of(0x7f800001).buffer);
    expect(isBfloat16NaN(float32ToBfloat16(payloadInLowBits)[0]!)).toBe(true);
  });
});
