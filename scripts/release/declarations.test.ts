import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rewriteImports, writeDeclarations } from "./declarations.ts";

let root: string;
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string): string => readFileSync(join(root, "out/types", path), "utf8");

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-declarations-"));
  const options = {
    target: "es2023",
    lib: ["es2015"],
    module: "esnext",
    moduleResolution: "bundler",
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    types: [],
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions: options, include: ["packages/*/src"] }));
  write("node_modules/kernels/package.json", '{ "name": "kernels", "types": "index.d.ts" }');
  write("node_modules/kernels/index.d.ts", "export interface Kernel { size: number }");
  write(
    "packages/engine/package.json",
    '{ "exports": { ".": "./src/index.ts", "./node": "./src/node/run.ts" } }',
  );
  mkdirSync(join(root, "node_modules/@proteoscope"));
  symlinkSync(join(root, "packages/engine"), join(root, "node_modules/@proteoscope/engine"), "junction");
  write("packages/engine/src/index.ts", 'export { type Tensor, zeros } from "./ops/tensor.ts";');
  write(
    "packages/engine/src/ops/tensor.ts",
    `import type { Kernel } from "kernels";
/** Rows of numbers. */
export interface Tensor { rows: number; kernel?: Kernel }
/** All zero. */
export const zeros = (rows: number): Tensor => ({ rows });`,
  );
  write("packages/engine/src/node/run.ts", "export const run = (): void => {};");
  write("packages/engine/src/idle.ts", "export const idle = 1;");
  write(
    "packages/models/src/index.ts",
    `import { zeros } from "@proteoscope/engine";
export { run } from "@proteoscope/engine/node";
export const hidden = () => zeros(3);`,
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the declarations of a release", () => {
  const modules = ["packages/models/src/index.ts"];
  let imported: string[];
  beforeAll(() => {
    write("out/types/old.d.ts", "");
    imported = writeDeclarations(root, modules, join(root, "out"));
  });

  it("are those of what the modules reach, as one tree, and nothing older", () => {
    const files = readdirSync(join(root, "out/types"), { recursive: true, encoding: "utf8" });
    expect(files.filter((path) => path.endsWith(".ts")).sort()).toEqual([
      join("engine", "index.d.ts"),
      join("engine", "node", "run.d.ts"),
      join("engine", "ops", "tensor.d.ts"),
      join("models", "index.d.ts"),
    ]);
  });

  it("import each other by relative paths that end in .js, types that were inferred too", () => {
    expect(read("models/index.d.ts")).toContain('export { run } from "../engine/node/run.js";');
    expect(read("models/index.d.ts")).toContain('import("../engine/index.js").Tensor');
    expect(read("engine/index.d.ts")).toContain('from "./ops/tensor.js"');
  });

  it("keep the docstrings", () => {
    expect(read("engine/ops/tensor.d.ts")).toContain("/** Rows of numbers. */");
  });

  it("name the npm packages that they import", () => {
    expect(imported).toEqual(["kernels"]);
    expect(read("engine/ops/tensor.d.ts")).toContain('from "kernels"');
  });

  it("are refused where TypeScript cannot write a type down", () => {
    write("packages/models/src/private.ts", "\nexport const Box = class { private side = 1; };");
    const refused = () => writeDeclarations(root, ["packages/models/src/private.ts"], join(root, "refused"));
    expect(refused).toThrow(/private\.ts\(2,.*TS4094/);
  });
});

it("module specifiers are replaced wherever they stand, and nothing else is", () => {
  const text = `import { a } from "./a.ts"; // "./a.ts"
export { b } from './b.ts';
export declare const c: import("./c.ts").C<"./a.ts">;`;
  expect(
    rewriteImports(text, (specifier) => specifier.replace(".ts", ".js")),
  ).toBe(`import { a } from "./a.js"; // "./a.ts"
export { b } from './b.js';
export declare const c: import("./c.js").C<"./a.ts">;`);
});
