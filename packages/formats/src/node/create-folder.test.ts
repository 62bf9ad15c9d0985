import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFolder } from "./create-folder.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "create-folder-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("createFolder", () => {
  it("creates what is missing and names it, the uppermost first", async () => {
    expect(await createFolder(join(root, "a/b"))).toEqual([join(root, "a"), join(root, "a/b")]);
    expect(await createFolder(join(root, "a/b/c"))).toEqual([join(root, "a/b/c")]);
    expect(await createFolder(join(root, "a"))).toEqual([]);
  });

  it("creates a folder once where several ask for it at once", async () => {
    const created = await Promise.all(Array.from({ length: 8 }, () => createFolder(join(root, "x/y"))));
    expect(created.flat().sort()).toEqual([join(root, "x"), join(root, "x/y")]);
  });

  it("refuses a file in the place of a folder", async () => {
    await writeFile(join(root, "file"), "");
    await expect(createFolder(join(root, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(createFolder(join(root, "file/below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it.skipIf(!existsSync("/proc/self"))("ends on a file system that makes no folders", async () => {
    await expect(createFolder("/proc/none/below")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
