/**
 * Standard normal numbers from random words (Box & Muller 1958), bit for bit the same in every JavaScript engine.
 *
 * Math.log, Math.sin and Math.cos differ between engines in the last bit. Here they are short Taylor series over
 * reduced arguments, of IEEE additions, multiplications, divisions and square roots alone, which do not.
 */

/** Coefficients 1 / 1, 1 / 3, ..., 1 / 21 of atanh(s) = s (1 + s^2 / 3 + s^4 / 5 + ...), to 2^-53 for |s| < 0.172. */
const atanhTerms = Array.from({ length: 11 }, (_, i) => 1 / (2 * i + 1));
const factorials = Array.from({ length: 18 }, (_, n) => factorial(n));
/** Coefficients of sin(t) / t and cos(t) in powers of t^2, to 2^-53 for |t| <= pi / 4. */
const sineTerms = Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? 1 : -1) / factorials[2 * i + 1]!);
const cosineTerms = Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? 1 : -1) / factorials[2 * i]!);

/** Writes the two independent normal numbers of two random words; the largest magnitude is 6.66. */
export function normalPair(first: number, second: number, out: Float32Array, position: number): void {
  const radius = Math.sqrt(-2 * logOfFraction(first + 1));
  const quadrant = ((second + 0x20000000) >>> 30) & 3;
  const rest = (second - quadrant * 0x40000000) | 0; // an eighth of a turn at most, in 2^-32 turns
  const angle = rest * ((2 * Math.PI) / 2 ** 32);
  const square = angle * angle;
  const sine = angle * polynomial(sineTerms, square);
  const cosine = polynomial(cosineTerms, square);
  const isOdd = quadrant % 2 === 1;
  out[position] = radius * (isOdd ? sine : cosine) * (quadrant === 1 || quadrant === 2 ? -1 : 1);
  out[position + 1] = radius * (isOdd ? cosine : sine) * (quadrant >= 2 ? -1 : 1);
}

/** Computes log(n / 2^32) for an integer n from 1 to 2^32. */
function logOfFraction(n: number): number {
  let exponent = n === 2 ** 32 ? 32 : 31 - Math.clz32(n);
  let mantissa = n / 2 ** exponent;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  return (exponent - 32) * Math.LN2 + 2 * s * polynomial(atanhTerms, s * s);
}

function polynomial(terms: readonly number[], x: number): number {
  let value = 0;
  for (let i = terms.length - 1; i >= 0; i--) value = value * x + terms[i]!;
  return value;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
