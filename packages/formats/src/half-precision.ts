// float16 and bfloat16 <-> float32 over whole arrays, on the bits, because JavaScript before
// ES2025 has no half-precision array. Narrowing rounds to nearest, ties to even (IEEE 754-2019,
// section 4.3.1), as PyTorch and numpy do; widening is exact and keeps the payload of NaNs.

let float16Table: Uint32Array | undefined;

/** Widens float16 bits to float32, exactly. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  float16Table ??= tabulateFloat16();
  const result = new Float32Array(halves.length);
  const bits = new Uint32Array(result.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = float16Table[halves[i]!]!;
  return result;
}

/** Rounds float32 to float16 bits; beyond 65504 it becomes infinity from 65520 on. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) result[i] = narrowToFloat16(bits[i]!);
  return result;
}

/** Widens bfloat16 bits to float32, exactly. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const result = new Float32Array(halves.length);
  const bits = new Uint32Array(result.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return result;
}

/** Rounds float32 to bfloat16 bits. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    result[i] = notANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return result;
}

function tabulateFloat16(): Uint32Array {
  const table = new Uint32Array(0x10000);
  for (let half = 0; half < table.length; half++) table[half] = widenFloat16(half);
  return table;
}

function widenFloat16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: fraction * 2^-24 is a normal float32; its leading one becomes the implicit bit.
  const leading = 31 - Math.clz32(fraction);
  return sign | ((leading + 103) << 23) | ((fraction << (23 - leading)) & 0x7fffff);
}

function narrowToFloat16(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  if (magnitude < 0x33000000) return sign; // below half of the smallest subnormal, 2^-25
  const shift = 126 - (magnitude >>> 23); // 14..24
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const truncated = significand >>> shift;
  const remainder = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = remainder > half || (remainder === half && (truncated & 1) === 1);
  return sign | (truncated + (up ? 1 : 0));
}
