import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listBriefly, nameCharacter, printable } from "./printable.ts";
import { cpuTimeMs } from "./testing/cpu-time.ts";

describe("printable", () => {
  it.each([
    ["letters of every script", "\u03b1-tubulin \u6838 \u0646\u0648\u0627\u0629 caf\u00e9 \u{1f9ec}"],
    ["an id with bars and slashes", "sp|P22087|FBRL_HUMAN C:\\data\\x"],
  ])("leaves %s as they are", (_, text) => {
    expect(printable(text)).toBe(text);
  });

  it.each([
    ["an ANSI colour", "\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"],
    ["a title of the window", "\u001b]0;owned\u0007", "\\u{1b}]0;owned\\u{7}"],
    ["an escape of one byte", "a\u009b2J", "a\\u{9b}2J"],
    ["line ends and tabs", "a\r\nb\tc", "a\\r\\nb\\tc"],
    ["a rubbed-out text", "safe\b\b\b\bevil\u007f", "safe\\u{8}\\u{8}\\u{8}\\u{8}evil\\u{7f}"],
    ["a text turned round", "\u202egnp.exe\u202c", "\\u{202e}gnp.exe\\u{202c}"],
    ["an isolate", "\u2067a\u2069", "\\u{2067}a\\u{2069}"],
    ["zero-width characters", "P\u200b1\u200d2\ufeff", "P\\u{200b}1\\u{200d}2\\u{feff}"],
    ["a soft hyphen and a filler", "a\u00adb\u3164c\u2800d", "a\\u{ad}b\\u{3164}c\\u{2800}d"],
    ["other spaces", "a\u00a0b\u3000c\u2028d", "a\\u{a0}b\\u{3000}c\\u{2028}d"],
    ["hidden tags", "a\u{e0041}", "a\\u{e0041}"],
    ["half a character", "a\ud83db", "a\\u{d83d}b"],
  ])("writes %s as escapes", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("shortens with an ellipsis, never in the middle of a character or an escape", () => {
    expect(printable("x".repeat(80))).toBe("x".repeat(80));
    expect(printable("x".repeat(81))).toBe(`${"x".repeat(80)}\u2026`);
    expect(printable("abc\u001bd", 5)).toBe("abc\u2026");
    expect(printable("abcd\u{1f9ec}", 5)).toBe("abcd\u2026");
  });

  it("looks at no more of a long text than it shows", () => {
    const text = "\u001b".repeat(50_000_000);
    const start = cpuTimeMs();
    expect(printable(text)).toHaveLength(79); // 13 escapes of six characters, and the ellipsis
    expect(cpuTimeMs() - start).toBeLessThan(100);
  });

  it("gives for any text one that is short, unchanged by a second time, and without a control character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        const shown = printable(text);
        expect(shown.length).toBeLessThanOrEqual(81);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(printable(shown, 81)).toBe(shown);
      }),
    );
  });
});

describe("listBriefly", () => {
  it("gives the first three and the number of the others", () => {
    const names = Array.from({ length: 84 }, (_, i) => `layer.${i}.weight`);
    expect(listBriefly(names)).toBe("layer.0.weight, layer.1.weight, layer.2.weight and 81 more");
    expect(listBriefly(names.slice(0, 3))).toBe("layer.0.weight, layer.1.weight, layer.2.weight");
    expect(listBriefly(names.slice(0, 2), 1)).toBe("layer.0.weight and 1 more");
    expect(listBriefly([])).toBe("");
  });

  it("makes each of them printable", () => {
    expect(listBriefly(["a\u001b[2J", "b".repeat(1000)])).toBe(`a\\u{1b}[2J, ${"b".repeat(80)}\u2026`);
  });
});

describe("nameCharacter", () => {
  it.each([
    ["J", '"J"'],
    ["\u00df", '"\u00df"'],
    ["\u{1f9ec}", '"\u{1f9ec}"'],
    ['"', '"\\""'],
    ["\u200b", "U+200B ZERO WIDTH SPACE"],
    ["\u2060", "U+2060 WORD JOINER"],
    ["\u00ad", "U+00AD SOFT HYPHEN"],
    ["\u0000", "U+0000 NULL"],
    ["\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"],
    ["\ufffd", "U+FFFD REPLACEMENT CHARACTER"],
    ["\u0001", "U+0001 (an invisible character)"],
    ["\u{e0041}", "U+E0041 (an invisible character)"],
  ])("says of %j %s", (character, expected) => {
    expect(nameCharacter(character)).toBe(expected);
  });
});
