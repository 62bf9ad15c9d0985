import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundle, findWorkers, nameOnce, packageNames } from "./bundle.ts";

let root: string;
let dist: string;
let entries: Record<string, string>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-bundle-"));
  dist = join(root, "dist");
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const engine = "packages/engine/src";
  write("packages/proteoscope/src/index.ts", 'export { answer } from "../../engine/src/answer.ts";');
  write("packages/proteoscope/src/cli.ts", 'export const lazy = () => import("../../engine/src/answer.ts");');
  write(`${engine}/answer.ts`, 'export const answer: symbol = Symbol("answer");');
  write(`${engine}/kernel.ts`, 'export { fast } from "kernels/fast";');
  write(`${engine}/runtime/node/worker.ts`, 'import "node:fs";\nimport "@scope/pool";\nimport "fs";');
  write(`${engine}/runtime/web/worker.ts`, 'import "browser-only";');
  write(
    `${engine}/runtime/web/start.ts`,
    'export const start = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });',
  );
  const named = (name: string, path: string) => [name, join(root, "packages", path)];
  entries = Object.fromEntries([
    named("index", "proteoscope/src/index.ts"),
    named("cli", "proteoscope/src/cli.ts"),
    named("engine", "engine/src/answer.ts"),
    named("kernel", "engine/src/kernel.ts"),
    named("web", "engine/src/runtime/web/start.ts"),
  ]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const npmPackages = ["kernels", "@scope/pool", "browser-only", "unused"];

describe("the bundle", () => {
  it("reports the npm packages it imports, by package name", async () => {
    expect(await bundle(root, dist, entries, npmPackages)).toEqual([
      "@scope/pool",
      "browser-only",
      "kernels",
    ]);
  });

  it("puts entries, workers and chunks side by side, and nothing older", async () => {
    mkdirSync(dist);
    writeFileSync(join(dist, "old.js"), "");
    await bundle(root, dist, entries, npmPackages);
    const files = readdirSync(dist).filter((name) => !name.startsWith("chunk-"));
    const names = ["cli", "engine", "index", "kernel", "web", "web-worker", "worker"];
    expect(files.sort()).toEqual(names.map((name) => `${name}.js`).sort());
  });

  it("holds once what two entries share", async () => {
    await bundle(root, dist, entries, npmPackages);
    const load = (name: string) => import(/* @vite-ignore */ pathToFileURL(join(dist, name)).href);
    const [index, engine] = await Promise.all([load("index.js"), load("engine.js")]);
    expect(typeof engine.answer).toBe("symbol");
    expect(index.answer).toBe(engine.answer);
  });

  it("starts the browser's worker by the name it has there", async () => {
    await bundle(root, dist, entries, npmPackages);
    expect(readFileSync(join(dist, "web.js"), "utf8")).toContain(
      'new Worker(new URL("./web-worker.js", import.meta.url)',
    );
  });

  it("finds the workers of Node and of the browser", () => {
    expect(findWorkers(join(root, "packages")).sort()).toEqual(
      ["node", "web"].map((place) => join(root, "packages/engine/src/runtime", place, "worker.ts")),
    );
  });

  it("refuses two files of one name", () => {
    const named = [["worker", "a/worker.ts"] as const, ["worker", "b/worker.ts"] as const];
    expect(() => nameOnce(named)).toThrow("b/worker.ts and a/worker.ts would both become worker.js");
  });
});

it("package names are specifiers without their subpaths, each once", () => {
  const specifiers = ["zod/v4/core", "zod", "@scope/pool/fast", "node:fs", "fs", "fs/promises"];
  expect(packageNames(specifiers)).toEqual(["@scope/pool", "zod"]);
});
