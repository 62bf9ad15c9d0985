import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasSentence, type PublicName, readPublicApi } from "./public-api.ts";

let root: string;
let names: Map<string, PublicName>;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-api-"));
  writeFileSync(
    join(root, "tsconfig.json"),
    '{ "compilerOptions": { "allowImportingTsExtensions": true, "lib": ["es5"], "types": [] } }',
  );
  writeFileSync(
    join(root, "shapes.ts"),
    `/** A circle. */
export class Circle {}
/** How far it reaches. @returns microns */
export function radius() { return 1; }
// no docstring
export interface Square { side: number }
/** Not listed. */
export const hidden = 1;`,
  );
  writeFileSync(
    join(root, "index.ts"),
    `export { Circle, type Circle as Round, radius as reach, type Square } from "./shapes.ts";
export const own = 2;`,
  );
  names = new Map(
    readPublicApi(root, ["index.ts"])
      .get("index.ts")!
      .map((entry) => [entry.name, entry]),
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the reader of exports", () => {
  it("lists what a module exports, under the names that it gives", () => {
    expect([...names.keys()]).toEqual(["Circle", "Round", "Square", "own", "reach"]);
  });

  it("separates types, and classes that are exported as types, from values", () => {
    const types = [...names.values()].filter(({ isType }) => isType).map(({ name }) => name);
    expect(types).toEqual(["Round", "Square"]);
  });

  it("finds the declaration behind a re-export", () => {
    expect(names.get("Square")).toMatchObject({ path: "shapes.ts", line: 6 });
    expect(names.get("own")).toMatchObject({ path: "index.ts", line: 2 });
  });

  it("reads docstrings, and no other comments", () => {
    expect(names.get("Circle")!.docstring).toBe("A circle.");
    expect(names.get("reach")!.docstring).toBe("How far it reaches.");
    expect(names.get("Square")!.docstring).toBe("");
  });

  it("refuses a module that is not there", () => {
    expect(() => readPublicApi(root, ["index.ts", "other.ts"])).toThrow("other.ts is no module");
  });
});

describe("a docstring's sentence", () => {
  it.each(["A circle.", "Mean of the rows (population, not sample)", "Given x:\n\n  y"])(
    "is found in %j",
    (text) => {
      expect(hasSentence(text)).toBe(true);
    },
  );

  it.each(["", "circle", "circle.", "a circle", "sides, 1.5 of them"])("is missed in %j", (text) => {
    expect(hasSentence(text)).toBe(false);
  });
});
