import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { declarationPath, entryName, nodeSubpaths, subpaths } from "./subpaths.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the subpaths of the library", () => {
  it.each(Object.entries(subpaths))("%s has its module", (_, module) => {
    expect(existsSync(join(root, module))).toBe(true);
  });

  it("are named once where they are said to need Node", () => {
    expect(nodeSubpaths.filter((subpath) => !(subpath in subpaths))).toEqual([]);
  });

  it("become files of the bundle and of the tree of declarations", () => {
    expect([".", "./engine", "./web/worker"].map(entryName)).toEqual(["index", "engine", "web-worker"]);
    expect(declarationPath("packages/engine/src/ops/pool.ts")).toBe("types/engine/ops/pool.d.ts");
  });
});
