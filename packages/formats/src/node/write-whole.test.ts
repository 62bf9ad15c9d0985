import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { finishReplacing, removePartialFiles, replaceFolder, writeWhole } from "./write-whole.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "whole-"));
});
afterEach(() => rm(folder, { recursive: true }));
const textOf = (...names: string[]) => readFile(join(folder, ...names), "utf8");

describe("writeWhole", () => {
  it("writes with its folders, replaces what was there, and leaves nothing else", async () => {
    const path = join(folder, "a", "b.txt");
    await writeWhole(path, "first");
    await writeWhole(path, Uint8Array.of(50));
    expect(await textOf("a", "b.txt")).toBe("2");
    expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
  });
});

describe("removePartialFiles", () => {
  it("removes what a kill has left of writeWhole, and nothing of other programs", async () => {
    for (const name of ["x.json.123.partial", "y.partial", "z.123", "keep"])
      await writeFile(join(folder, name), "");
    await removePartialFiles(folder);
    expect((await readdir(folder)).sort()).toEqual(["keep", "y.partial", "z.123"]);
  });
});

describe("replaceFolder", () => {
  const files = (text: string) =>
    new Map([
      ["config.json", text],
      ["unet/weights", text],
    ]);

  it("leaves the new files alone, none of the earlier ones", async () => {
    const path = join(folder, "model");
    await replaceFolder(path, new Map([["old", "1"]]));
    await replaceFolder(path, files("2"));
    expect(await textOf("model", "unet", "weights")).toBe("2");
    expect((await readdir(path)).sort()).toEqual(["config.json", "unet"]);
    expect(await readdir(folder)).toEqual(["model"]);
  });

  it.each([
    ["while it writes", ["model", "model.partial"], "model"],
    ["between its two renames", ["model.replaced", "model.partial"], "model.replaced"],
    ["before it removes the earlier folder", ["model", "model.replaced"], "model"],
  ])("leaves a whole folder when it is killed %s", async (_, left, whole) => {
    for (const name of left) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "config.json"), name);
    }
    await finishReplacing(join(folder, "model"));
    expect(await readdir(folder)).toEqual(["model"]);
    expect(await textOf("model", "config.json")).toBe(whole);
    await replaceFolder(join(folder, "model"), files("next"));
    expect(await textOf("model", "config.json")).toBe("next");
  });

  it("does nothing where there is nothing to finish", async () => {
    await finishReplacing(join(folder, "model"));
    expect(await readdir(folder)).toEqual([]);
  });
});
