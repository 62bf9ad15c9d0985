import { expect, it } from "vitest";
import { checkCircles } from "./circle-rules.ts";
import { readModuleSyntax } from "./imports.ts";

const parsed = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([name, text]) => {
    const path = `packages/formats/src/${name}`;
    return { path, syntax: readModuleSyntax({ path, text }) };
  });
const rules = (files: Readonly<Record<string, string>>) =>
  checkCircles(parsed(files)).map(({ rule }) => rule);

it("circles of imports are found, also of types alone and through other folders", () => {
  expect(
    rules({ "a.ts": 'import { b } from "./b.ts";', "b.ts": 'import type { A } from "./a.ts";' }),
  ).toEqual([
    "no circle of imports (packages/formats/src/a.ts -> packages/formats/src/b.ts -> packages/formats/src/a.ts)",
  ]);
  const long = {
    "a.ts": 'export { b } from "./x/b.ts";',
    "x/b.ts": 'import "../c.ts";',
    "c.ts": 'const a = await import("./a.ts");',
  };
  expect(rules(long)).toHaveLength(1);
});

it("two ways to one file are no circle, and tests may close one", () => {
  const diamond = {
    "a.ts": 'import "./b.ts";\nimport "./c.ts";',
    "b.ts": 'import "./d.ts";',
    "c.ts": 'import "./d.ts";',
    "d.ts": "",
    "d.test.ts": 'import "./a.ts";',
  };
  expect(rules(diamond)).toEqual([]);
});
