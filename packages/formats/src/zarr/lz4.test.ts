import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { copyMatch, decodeLz4Block } from "./lz4.ts";

/** One sequence: literals, and a match unless it is the last. */
function sequence(literals: readonly number[], distance = 0, length = 0): number[] {
  const more = (count: number) =>
    count < 15 ? [] : [...Array(Math.floor((count - 15) / 255)).fill(255), (count - 15) % 255];
  const match = Math.max(0, length - 4);
  const token = (Math.min(15, literals.length) << 4) | Math.min(15, match);
  const end = distance === 0 ? [] : [distance & 255, distance >> 8, ...more(match)];
  return [token, ...more(literals.length), ...literals, ...end];
}

const decode = (bytes: readonly number[], size: number) =>
  Array.from(decodeLz4Block(Uint8Array.from(bytes), size));

describe("decodeLz4Block", () => {
  it("reads literals, and matches that overlap what they write", () => {
    expect(decode(sequence([1, 2, 3]), 3)).toEqual([1, 2, 3]);
    expect(decode([...sequence([1, 2, 3], 3, 6), ...sequence([9])], 10)).toEqual([
      1, 2, 3, 1, 2, 3, 1, 2, 3, 9,
    ]);
    expect(decode([...sequence([7], 1, 300), ...sequence([8])], 302)).toEqual([...Array(301).fill(7), 8]);
  });

  it("reads whatever is written in it", () => {
    const parts = fc.array(
      fc.record({
        literals: fc.uint8Array({ minLength: 1, maxLength: 600 }),
        back: fc.nat(),
        length: fc.integer({ min: 4, max: 700 }),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(parts, fc.uint8Array({ maxLength: 40 }), (sequences, last) => {
        const packed: number[] = [];
        const expected: number[] = [];
        for (const { literals, back, length } of sequences) {
          expected.push(...literals);
          const distance = 1 + (back % Math.min(expected.length, 65_535));
          for (let i = 0; i < length; i++) expected.push(expected[expected.length - distance]!);
          packed.push(...sequence([...literals], distance, length));
        }
        expected.push(...last);
        expect(decode([...packed, ...sequence([...last])], expected.length)).toEqual(expected);
      }),
    );
  });

  it.each<[string, readonly number[], number]>([
    ["fewer bytes than it must hold", sequence([1, 2]), 3],
    ["more bytes than it may hold", sequence([1, 2, 3]), 2],
    ["literals cut short", [0x30, 1], 3],
    ["a length cut short", [0xf0], 20],
    ["a match cut short", [...sequence([1]), 0x00, 1], 9],
    ["a match from before the beginning", sequence([1], 2, 4), 5],
    ["a match from where it stands", [0x10, 1, 0, 0], 5],
    ["a match beyond the end", sequence([1], 1, 1000), 10],
  ])("refuses %s", (_, bytes, size) => {
    expect(() => decode(bytes, size)).toThrow(FormatError);
  });

  it("stops at the size, whatever the lengths say", () => {
    const bomb = Uint8Array.from([0x1f, 1, 1, 0, ...Array(400_000).fill(255), 0]);
    const start = cpuTimeMs();
    expect(() => decodeLz4Block(bomb, 1000)).toThrow(/LZ4 data is damaged/);
    expect(cpuTimeMs() - start).toBeLessThan(500);
  });
});

describe("copyMatch", () => {
  it("repeats what it has just written where the match is longer than its distance", () => {
    const bytes = Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 9);
    copyMatch(bytes, 2, 2, 5);
    expect(Array.from(bytes)).toEqual([1, 2, 1, 2, 1, 2, 1, 9]);
  });
});
