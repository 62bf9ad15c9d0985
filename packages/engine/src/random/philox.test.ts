import { expect, test } from "vitest";
import { type Counter, type Key, philox } from "./philox.ts";

const words = (counter: Counter, key: Key) => {
  const out = new Uint32Array(4);
  philox(counter, key, out);
  return [...out].map((word) => word.toString(16).padStart(8, "0")).join(" ");
};

// The known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
test("gives the published words for a counter and key of zeros", () => {
  expect(words([0, 0, 0, 0], [0, 0])).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
});

test("gives the published words for a counter and key of ones", () => {
  const all = 0xffffffff;
  expect(words([all, all, all, all], [all, all])).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
});

test("gives the published words for the digits of pi", () => {
  const counter = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const;
  expect(words(counter, [0xa4093822, 0x299f31d0])).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("flips about half of the output bits when one bit of counter or key flips", () => {
  const base = new Uint32Array(4);
  philox([1, 2, 3, 4], [5, 6], base);
  const flipped = (bit: number) => {
    const input = [1, 2, 3, 4, 5, 6].map((word, index) =>
      index === bit >>> 5 ? word ^ (1 << (bit & 31)) : word,
    );
    const out = new Uint32Array(4);
    philox(input.slice(0, 4) as unknown as Counter, input.slice(4) as unknown as Key, out);
    return out.reduce((count, word, index) => count + bitCount(word ^ base[index]!), 0);
  };
  for (let bit = 0; bit < 192; bit++) {
    expect(flipped(bit)).toBeGreaterThan(32);
    expect(flipped(bit)).toBeLessThan(96);
  }
});

test("drops words beyond the end of its target", () => {
  const out = new Uint32Array(6);
  philox([0, 0, 0, 0], [0, 0], out, 4);
  expect([...out]).toEqual([0, 0, 0, 0, 0x6627e8d5, 0xe169c58d]);
});

function bitCount(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
