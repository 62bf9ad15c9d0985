import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { decodeBloscLz } from "./blosclz.ts";

const decode = (bytes: readonly number[], size: number) =>
  Array.from(decodeBloscLz(Uint8Array.from(bytes), size));

describe("decodeBloscLz", () => {
  it("reads literals", () => {
    expect(decode([2, 5, 6, 7], 3)).toEqual([5, 6, 7]);
    expect(decode([31, ...Array(32).keys(), 0, 99], 33)).toEqual([...Array(32).keys(), 99]);
  });

  it("reads a short match, a long one, and one from far away", () => {
    expect(decode([1, 8, 9, 0x20, 1], 5)).toEqual([8, 9, 8, 9, 8]); // 3 bytes from 2 before
    expect(decode([0, 8, 0xe0, 255, 3, 0], 268)).toEqual(Array(268).fill(8)); // 9 + 258 from 1 before
    const far = [...Array(8500).keys()].map((i) => (i * 7) & 255);
    const literals = Array.from({ length: Math.ceil(8500 / 32) }, (_, run) =>
      far.slice(32 * run, 32 * run + 32),
    );
    // 3 bytes from 8192 + 300 before.
    const packed = [...literals.flatMap((run) => [run.length - 1, ...run]), 0x3f, 255, 1, 44];
    expect(decode(packed, 8503).slice(8500)).toEqual(far.slice(8500 - 8492, 8503 - 8492));
  });

  it.each<[string, readonly number[], number]>([
    ["nothing", [], 1],
    ["fewer bytes than it must hold", [0, 1], 2],
    ["more bytes than it may hold", [2, 1, 2, 3], 2],
    ["literals cut short", [5, 1, 2], 6],
    ["a match cut short", [0, 1, 0x20], 4],
    ["a length cut short", [0, 1, 0xe0, 255], 400],
    ["a match from before the beginning", [0, 1, 0x20, 1], 4],
    ["a match beyond the end", [0, 1, 0xe0, 255, 255, 255, 0, 0], 40],
  ])("refuses %s", (_, bytes, size) => {
    expect(() => decode(bytes, size)).toThrow(FormatError);
  });
});
