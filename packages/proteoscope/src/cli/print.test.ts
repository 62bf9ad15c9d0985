import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printJson, printLines } from "./print.ts";

function textOf(print: (stream: { write(text: string): void }) => void): string {
  let written = "";
  print({
    write(text) {
      written += text;
    },
  });
  return written;
}

const hostile = "a\u001b[31mred\u009b2J\r\n\u202ebackwards\u200b\u{e0041}\u2028end";
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe("printLines", () => {
  it("writes each argument as one line", () => {
    expect(textOf((stream) => printLines(stream, "one", "", "α-tubulin"))).toBe("one\n\nα-tubulin\n");
    expect(textOf((stream) => printLines(stream))).toBe("");
  });

  it("writes what a terminal obeys or hides as escapes, line ends too", () => {
    const text = textOf((stream) => printLines(stream, hostile, "next"));
    expect(text.split("\n")).toHaveLength(3);
    expect(text.replaceAll("\n", "")).not.toMatch(obeyed);
    expect(text).toContain("\\u{1b}[31mred");
  });

  it("cuts a line that nobody would read", () => {
    expect(textOf((stream) => printLines(stream, "x".repeat(1e6))).length).toBeLessThan(2100);
  });
});

describe("printJson", () => {
  it("writes a document that gives back every text, with nothing that a terminal obeys", () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constant(hostile)));
    fc.assert(
      fc.property(texts, (values) => {
        const text = textOf((stream) => printJson(stream, { values }));
        expect(JSON.parse(text)).toEqual({ values });
        expect(text.replaceAll("\n", "")).not.toMatch(obeyed);
      }),
    );
  });
});
