import { describe, expect, it } from "vitest";
import { windowSequence } from "./sequence-window.ts";

describe("windowSequence", () => {
  it("shows a sequence that fits as it is", () => {
    expect(windowSequence("MKTAY", 5)).toEqual({ sequence: "MKTAY", omitted: undefined });
    expect(windowSequence("", 2)).toEqual({ sequence: "", omitted: undefined });
  });

  it("has both ends of a longer one and says what is left out", () => {
    expect(windowSequence("ABCDEFGHIJ", 4)).toEqual({ sequence: "ABIJ", omitted: { begin: 2, end: 8 } });
  });

  it("gives the odd residue to the start", () => {
    expect(windowSequence("ABCDEFGHIJ", 5)).toEqual({ sequence: "ABCIJ", omitted: { begin: 3, end: 8 } });
  });

  it("leaves out nothing that it does not name", () => {
    const whole = Array.from({ length: 77 }, (_, i) => String.fromCharCode(65 + (i % 26))).join("");
    for (let size = 2; size < 80; size++) {
      const { sequence, omitted } = windowSequence(whole, size);
      const { begin, end } = omitted ?? { begin: whole.length, end: whole.length };
      expect(sequence.slice(0, begin) + whole.slice(begin, end) + sequence.slice(begin)).toBe(whole);
      expect(sequence.length).toBe(Math.min(size, whole.length));
    }
  });

  it("refuses a window without room for both ends", () => {
    expect(() => windowSequence("MKT", 1)).toThrow(/room for 2 residues/);
    expect(() => windowSequence("MKT", 2.5)).toThrow(RangeError);
  });
});
