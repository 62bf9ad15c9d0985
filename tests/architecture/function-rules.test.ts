import { describe, expect, it } from "vitest";
import { checkFunctions } from "./function-rules.ts";

const path = "packages/lab/src/a.ts";
const body = (lines: number) => "  work();\n".repeat(lines);
const found = (text: string, where = path) =>
  checkFunctions({ path: where, text }).map(({ line, rule }) => `${line} ${/has \d+/.exec(rule)?.[0]}`);

describe("the length of functions", () => {
  it("is at most 60 lines, the first and the last counted", () => {
    expect(found(`function f() {\n${body(58)}}\n`)).toEqual([]);
    expect(found(`\nfunction f() {\n${body(59)}}\n`)).toEqual(["2 has 61"]);
  });

  it.each([
    ["arrows", `export const f = async () => {\n${body(60)}};\n`],
    ["methods of a class", `class A {\n m() {\n${body(60)}}\n}\n`],
    ["methods of an object", `const a = {\n m() {\n${body(60)}}\n};\n`],
    ["functions in calls", `call("name", function () {\n${body(60)}});\n`],
  ])("is held for %s", (_, text) => {
    expect(found(text)).toHaveLength(1);
  });

  it("is reported once for a function with long functions inside", () => {
    expect(found(`function f() {\n  const g = () => {\n${body(60)}};\n}\n`)).toEqual(["1 has 64"]);
  });

  it("may be more for a reason in the comment of the function", () => {
    const long = (comment: string) => `${comment}\nexport function f() {\n${body(60)}}\n`;
    expect(found(long("/** Parses. Long because the opcodes are one table. */"))).toEqual([]);
    expect(found(long("// Long because of the table."))).toEqual([]);
    expect(found(long("/** Parses. */"))).toHaveLength(1);
    const inside = `function f() {\n  // Long because of nothing.\n${body(60)}}\n`;
    expect(found(inside)).toHaveLength(1);
    const method = `const a = {\n  // Long because of the table.\n  m() {\n${body(60)}  },\n};\n`;
    expect(found(method)).toEqual([]);
    const second = `const a = {\n  // Long because of the table.\n  m() {\n${body(60)}  },\n  n() {\n${body(60)}  },\n};\n`;
    expect(found(second)).toHaveLength(1);
  });

  it("does not matter in tests, nor outside of the packages", () => {
    const text = `function f() {\n${body(60)}}\n`;
    expect(found(text, "packages/lab/src/a.test.ts")).toEqual([]);
    expect(found(text, "packages/lab/src/testing/a.ts")).toEqual([]);
    expect(found(text, "scripts/a.ts")).toEqual([]);
  });
});
