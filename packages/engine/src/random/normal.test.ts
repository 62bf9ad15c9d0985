import { expect, test } from "vitest";
import { createGenerator } from "./generator.ts";
import { normalPair } from "./normal.ts";

const pair = (first: number, second: number) => {
  const out = new Float32Array(2);
  normalPair(first, second, out, 0);
  return [...out];
};

/** The same numbers by the functions of this machine's engine, in double precision. */
const reference = (first: number, second: number) => {
  const radius = Math.sqrt(-2 * Math.log((first + 1) / 2 ** 32));
  const angle = (2 * Math.PI * second) / 2 ** 32;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};

const ulps = (a: number, b: number) => Math.abs(a - b) / Math.max(Math.abs(b) * 2 ** -23, 2 ** -40);

test("agrees with the library's logarithm, sine and cosine to the last bit of float32", () => {
  const words = createGenerator(1, "normal test").integers(4000, 2 ** 32);
  for (let i = 0; i < words.length; i += 2) {
    const expected = reference(words[i]!, words[i + 1]!);
    pair(words[i]!, words[i + 1]!).forEach(
      (value, j) => void expect(ulps(value, expected[j]!)).toBeLessThan(0.51),
    );
  }
});

test("covers the ends of both words", () => {
  const ends = [
    0,
    1,
    2 ** 29 - 1,
    2 ** 29,
    2 ** 30,
    2 ** 31 - 1,
    2 ** 31,
    3 * 2 ** 30,
    2 ** 32 - 2,
    2 ** 32 - 1,
  ];
  for (const first of ends) {
    for (const second of ends) {
      const expected = reference(first, second);
      pair(first, second).forEach(
        (value, j) => void expect(Math.abs(value - expected[j]!)).toBeLessThan(5e-7),
      );
    }
  }
  expect(Math.max(...pair(0, 0))).toBeCloseTo(6.66, 2);
});
