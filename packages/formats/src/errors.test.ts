import { describe, expect, it } from "vitest";
import { FormatError, refuseOnThrow } from "./errors.ts";

describe("FormatError", () => {
  it("says what, where and what next", () => {
    const error = new FormatError("npy", "unknown dtype", { offset: 12, hint: "save as float32" });
    expect(error.message).toBe("npy: unknown dtype (byte 12); save as float32");
    expect(error).toMatchObject({ name: "FormatError", format: "npy", what: "unknown dtype", offset: 12 });
    expect(error.line).toBeUndefined();
  });

  it("names the line of a text format", () => {
    const error = new FormatError("fasta", "empty record", { line: 3, hint: "remove it" });
    expect(error.message).toBe("fasta: empty record (line 3); remove it");
    expect(error.line).toBe(3);
  });

  it("advises to fetch the file again when nothing better is known", () => {
    expect(new FormatError("png", "cut short").message).toContain("fetch or write it again");
  });
});

describe("the text of a FormatError", () => {
  it("keeps the column beside the line", () => {
    expect(new FormatError("fasta", "odd", { line: 3, column: 7 })).toMatchObject({ line: 3, column: 7 });
    expect(new FormatError("fasta", "odd", { line: 3 }).column).toBeUndefined();
  });

  it("holds nothing that a terminal obeys, whatever a file is called or holds", () => {
    const error = new FormatError("csv", "a\u001b[2Jb\nc", { hint: "it has: \u202ex" });
    expect(error.message).toBe("csv: a\\u{1b}[2Jb\\nc; it has: \\u{202e}x");
    expect(error.what).toBe("a\\u{1b}[2Jb\\nc");
  });

  it("stays short, and so does that of an error made of another", () => {
    const first = new FormatError("csv", "a".repeat(1e6), { hint: "b".repeat(1e6) });
    expect(first.message.length).toBeLessThan(1020);
    expect(new FormatError("csv", `place: ${first.what}`).what.length).toBeLessThan(502);
  });
});

describe("refuseOnThrow", () => {
  it("returns the value of a decoder that succeeds", () => {
    expect(refuseOnThrow("png", "cannot be decoded", () => 7)).toBe(7);
  });

  it("keeps what a decoder threw as the cause", () => {
    const cause = new TypeError("odd");
    const attempt = () =>
      refuseOnThrow("png", "cannot be decoded", () => {
        throw cause;
      });
    expect(attempt).toThrow(FormatError);
    expect(attempt).toThrow(expect.objectContaining({ cause, what: "cannot be decoded: odd" }));
  });

  it("passes a FormatError through as it is", () => {
    const inner = new FormatError("zip", "inner");
    expect(() =>
      refuseOnThrow("npz", "outer", () => {
        throw inner;
      }),
    ).toThrow(inner);
  });
});
