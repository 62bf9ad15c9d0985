import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { readFixture } from "../testing/fixture.ts";
import { readMutated } from "../testing/mutate.ts";
import { unpickle } from "./pickle.ts";
import type { PickleCallable } from "./pickle-machine.ts";

const globals = new Map<string, PickleCallable | object>([
  ["argparse.Namespace", () => Object.create(null)],
  ["collections.OrderedDict", () => new Map()],
  ["demo.sum", (args) => (args as number[]).reduce((a, b) => a + b, 0)],
  ["demo.Class", Object.freeze({})],
]);
const options = { format: "torch", globals, persistentLoad: (id: unknown) => ({ loaded: id }) };

/** Reads opcodes written as text (one byte a character) and numbers. */
function read(...parts: (string | number)[]): unknown {
  const bytes = parts.flatMap((part) =>
    typeof part === "number" ? [part] : Array.from(part, (c) => c.charCodeAt(0)),
  );
  return unpickle(Uint8Array.from(bytes), options);
}

describe("unpickle", () => {
  it.each(["plain-protocol4.pkl", "plain-protocol5.pkl"])("reads Python's own %s", (name) => {
    const value = unpickle(readFixture(name), options) as Map<string, unknown>;
    expect(value.get("text")).toBe("\u00b5".repeat(300));
    expect(value.get("bytes")).toEqual(new Uint8Array(300).fill(98));
    expect(value.get("float")).toBe(0.25);
    expect(value.get("tuple")).toEqual([1, 2, 3, 4]);
    expect(value.get("set")).toEqual(new Set([1]));
    expect(value.get("frozen")).toEqual(new Set([2]));
    expect((value.get("same") as unknown[])[0]).toBe(value.get("set"));
    expect(value.get("dict")).toEqual(new Map([["a", 1]]));
    expect({ ...(value.get("args") as object) }).toEqual({ x: 1 });
  });

  it.each<[string, (string | number)[], unknown]>([
    ["None", ["N."], null],
    ["True and False", [0x88, 0x89, 0x86, "."], [true, false]],
    ["a negative 32-bit integer", ["J", 0xfe, 0xff, 0xff, 0xff, "."], -2],
    ["a 16-bit integer", ["M", 0x34, 0x12, "."], 0x1234],
    ["a long zero", [0x8a, 0, "."], 0],
    ["a negative long", [0x8a, 2, 0x00, 0x80, "."], -32768],
    ["a float, big-endian", ["G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, "."], 1.5],
    ["a byte string of Python 2", ["U", 2, "ab."], "ab"],
    ["a list", ["]", "(K", 1, "K", 2, "e."], [1, 2]],
    ["a dict of pairs", ["(K", 1, "K", 2, "d."], new Map([[1, 2]])],
    ["a value from the memo", ["K", 5, "q", 0, "h", 0, 0x86, "."], [5, 5]],
    ["a value from far in the memo", ["K", 5, "r", 0, 0, 0, 0xf0, "j", 0, 0, 0, 0xf0, 0x86, "."], [5, 5]],
    ["a value memoised behind others", ["K", 5, "q", 7, "q", 7, 0x94, "h", 1, 0x86, "."], [5, 5]],
    ["a duplicate", ["K", 5, "2", 0x86, "."], [5, 5]],
    ["what is left after POP and POP_MARK", ["K", 1, "K", 2, "0(K", 3, "1."], 1],
    ["a call that is allowed", ["cdemo\nsum\n(K", 1, "K", 2, "tR."], 3],
    ["a persistent id", ["K", 7, "Q."], { loaded: 7 }],
    ["a dict whose attributes are dropped", ["}", "}", "U", 1, "aK", 1, "sb."], new Map()],
  ])("reads %s", (_, parts, expected) => {
    expect(read(...parts)).toEqual(expected);
  });

  it("keeps attributes whose name is one of the language", () => {
    const value = read("cargparse\nNamespace\n)", 0x81, "}U", 9, "__proto__K", 1, "sb.") as object;
    expect(Object.entries(value)).toEqual([["__proto__", 1]]);
  });

  it.each<[string, (string | number)[], RegExp]>([
    ["a call of the system", ["cos\nsystem\n(U", 2, "lstR."], /asks for os.system, which is not allowed/],
    ["a call by STACK_GLOBAL", ["U", 2, "osU", 6, "system", 0x93, "."], /asks for os.system/],
    [
      "a global that is a part of the language",
      ["cObject\nprototype\n."],
      /Object.prototype, which is not allowed/,
    ],
    ["an old opcode", ["I1\n."], /opcode 0x49 is not allowed/],
    ["EXT1", [0x82, 1, "."], /opcode 0x82 is not allowed/],
    ["a future protocol", [0x80, 9, "N."], /unknown protocol/],
    ["nothing", [], /cut short/],
    ["no end", ["N"], /cut short/],
    ["a text longer than the file", ["X", 0xff, 0xff, 0xff, 0x7f, "a."], /cut short/],
    ["a text of 2^63 bytes", [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80, "."], /cut short/],
    ["a global without a line end", ["cos"], /cut short/],
    ["an empty stack", ["."], /does not end in one value/],
    ["two values", ["NN."], /does not end in one value/],
    ["an open mark", ["N(."], /does not end in one value/],
    ["a value from behind a mark", ["N(0."], /takes a value that is not there/],
    ["no mark", ["Nt."], /lacks a mark/],
    ["a memo entry that is not there", ["h", 3, "."], /recalls value 3/],
    ["items of a list", ["]K", 1, "K", 2, "s."], /sets items of what is no dict/],
    ["half a pair", ["}(K", 1, "u."], /sets items of what is no dict/],
    ["an item appended to a dict", ["}K", 1, "a."], /appends to what is no list/],
    ["items added to a list", ["](K", 1, 0x90, "."], /adds to what is no set/],
    ["a call of a class", ["cdemo\nClass\n)R."], /calls what is no function/],
    ["a call of a text", ["U", 1, "a)R."], /calls what is no function/],
    ["attributes of a class", ["cdemo\nClass\n}b."], /gives attributes to what has none/],
    [
      "attributes of what was loaded",
      ["K", 7, "Q}U", 1, "aK", 1, "sb."],
      /gives attributes to what has none/,
    ],
    [
      "an attribute without a name",
      ["cargparse\nNamespace\n)R}K", 1, "K", 1, "sb."],
      /attribute by what is no text/,
    ],
    ["endless marks", ["(".repeat(5000)], /nested too deep/],
  ])("refuses %s", (_, parts, message) => {
    expect(() => read(...parts)).toThrow(FormatError);
    expect(() => read(...parts)).toThrow(message);
  });

  it("names what is not allowed in few words that a terminal does not obey", () => {
    const message =
      /^torch: the pickle asks for os\\u\{1b\}\[2J\.x{50,80}\u2026, which is not allowed [^\p{Cc}]{1,150}$/u;
    expect(() => read("cos\u001b[2J\n", "x".repeat(100_000), "\n.")).toThrow(message);
  });

  it("reads or refuses each of 5000 damaged pickles", async () => {
    const outcome = await readMutated(readFixture("plain-protocol4.pkl"), 5000, (bytes) =>
      unpickle(bytes, options),
    );
    expect(outcome.read).toBeGreaterThan(500);
    expect(outcome.refused).toBeGreaterThan(500);
  });
});
