import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundle, entryPoints, findWorkers } from "./bundle.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-bundle-"));
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("packages/proteoscope/src/index.ts", 'export { answer } from "../../engine/src/answer.ts";');
  write("packages/proteoscope/src/cli.ts", 'export const lazy = () => import("../../engine/src/answer.ts");');
  write(
    "packages/engine/src/answer.ts",
    'import { x } from "kernels/fast";\nexport const answer: number = x;',
  );
  write(
    "packages/engine/src/runtime/node/worker.ts",
    'import "node:fs";\nimport "@scope/pool";\nimport "fs";',
  );
  write("packages/engine/src/runtime/web/worker.ts", 'import "never-imported";');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the bundle", () => {
  it("reports the npm packages it imports, by package name", async () => {
    const used = await bundle(root, join(root, "dist"), ["kernels", "@scope/pool", "unused"]);
    expect(used).toEqual(["@scope/pool", "kernels"]);
  });

  it("puts entries, workers and chunks side by side, and nothing older", async () => {
    mkdirSync(join(root, "dist"));
    writeFileSync(join(root, "dist/old.js"), "");
    await bundle(root, join(root, "dist"), ["kernels", "@scope/pool"]);
    const files = readdirSync(join(root, "dist"));
    expect(files.filter((name) => !name.startsWith("chunk-"))).toEqual(["cli.js", "index.js", "worker.js"]);
  });

  it("takes the workers of Node and leaves those of the browser", () => {
    expect(findWorkers(join(root, "packages"))).toEqual([
      join(root, "packages/engine/src/runtime/node/worker.ts"),
    ]);
  });

  it("refuses two entries of one name", () => {
    expect(() => entryPoints(["a/worker.ts", "b/worker.ts"])).toThrow("would both become worker.js");
  });
});
