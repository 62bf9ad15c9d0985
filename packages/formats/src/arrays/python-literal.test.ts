import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import { parsePythonLiteral } from "./python-literal.ts";

const parse = (text: string) => parsePythonLiteral(text, "npy");

describe("parsePythonLiteral", () => {
  it("reads a .npy header", () => {
    expect(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n")).toEqual(
      new Map<string, unknown>([
        ["descr", "<f4"],
        ["fortran_order", false],
        ["shape", [2, 3]],
      ]),
    );
  });

  it("reads every literal it knows", () => {
    expect(parse("[(), (1,), -7, 3L, \"a b\", '', True, None, {}]")).toEqual([
      [],
      [1],
      -7,
      3,
      "a b",
      "",
      true,
      null,
      new Map(),
    ]);
  });

  it.each([
    "",
    "{",
    "{'a' 1}",
    "{1: 2}",
    "(1 2)",
    "(1,,2)",
    "[1",
    "'open",
    "'a\\n'",
    "Truely",
    "__import__('os')",
    "1 + 1",
    "1.5",
    "{'a': 1} x",
    "(1)) ",
    "nan",
  ])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(FormatError);
  });

  it("refuses deep nesting instead of overflowing the stack", () => {
    expect(() => parse("[".repeat(60_000))).toThrow(FormatError);
  });
});
