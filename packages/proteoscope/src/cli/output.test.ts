import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOutputFolder, writeFileAtomic } from "./output.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-output-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  it("writes the file and nothing beside it", async () => {
    await writeFileAtomic(join(root, "a.txt"), "text");
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("text");
    expect(readdirSync(root)).toEqual(["a.txt"]);
  });

  it("replaces an older file as a whole", async () => {
    writeFileSync(join(root, "a.bin"), "older and longer");
    await writeFileAtomic(join(root, "a.bin"), Uint8Array.of(1, 2));
    expect([...readFileSync(join(root, "a.bin"))]).toEqual([1, 2]);
  });

  it("says which path cannot be written and why", async () => {
    writeFileSync(join(root, "file"), "");
    const path = join(root, "file", "a.txt");
    await expect(writeFileAtomic(path, "text")).rejects.toMatchObject({
      name: "CommandError",
      exitCode: 1,
      message: expect.stringMatching(/^cannot write .*file: .*a file/),
    });
    mkdirSync(join(root, "folder"));
    await expect(writeFileAtomic(join(root, "folder"), "text")).rejects.toThrow(
      "there is a folder of that name",
    );
    expect(readdirSync(root).sort()).toEqual(["file", "folder"]);
  });
});

describe("withOutputFolder", () => {
  it("shows the files only when all are written", async () => {
    const path = join(root, "a", "b");
    const result = await withOutputFolder(path, async (folder) => {
      await folder.write("one.txt", "1");
      await folder.write("deep/er/two.txt", "2");
      expect(existsSync(join(path, "one.txt"))).toBe(false);
      return 7;
    });
    expect(result).toBe(7);
    expect(readFileSync(join(path, "one.txt"), "utf8")).toBe("1");
    expect(readFileSync(join(path, "deep", "er", "two.txt"), "utf8")).toBe("2");
    expect(readdirSync(path).sort()).toEqual(["deep", "one.txt"]);
  });

  it("removes every file and folder it made if the work fails", async () => {
    const failing = withOutputFolder(join(root, "a", "b"), async (folder) => {
      await folder.write("deep/one.txt", "1");
      throw new Error("the network broke");
    });
    await expect(failing).rejects.toThrow("the network broke");
    expect(readdirSync(root)).toEqual([]);
  });

  it("leaves older files as they were if the work fails", async () => {
    writeFileSync(join(root, "one.txt"), "older");
    const failing = withOutputFolder(root, async (folder) => {
      await folder.write("one.txt", "newer");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(readFileSync(join(root, "one.txt"), "utf8")).toBe("older");
    expect(readdirSync(root)).toEqual(["one.txt"]);
  });

  it("stops at an abort, and leaves nothing", async () => {
    const controller = new AbortController();
    const aborted = withOutputFolder(
      join(root, "out"),
      async (folder) => {
        await folder.write("one.txt", "1");
        controller.abort();
        await folder.write("two.txt", "2");
      },
      { signal: controller.signal },
    );
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(root)).toEqual([]);
  });

  it("refuses names outside the folder", async () => {
    for (const name of ["../a", join(root, "a"), "", "a/../../b", "sub/"]) {
      await expect(withOutputFolder(join(root, "out"), (folder) => folder.write(name, ""))).rejects.toThrow(
        RangeError,
      );
    }
    expect(readdirSync(root)).toEqual([]);
  });

  it("leaves nothing if the process ends in the middle", () => {
    const script = `
      import { withOutputFolder } from ${JSON.stringify(new URL("./output.ts", import.meta.url).href)};
      await withOutputFolder("out/deep", async (folder) => {
        await folder.write("one.txt", "1");
        process.exit(130);
      });`;
    const { status } = spawnSync(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", script],
      { cwd: root },
    );
    expect(status).toBe(130);
    expect(readdirSync(root)).toEqual([]);
  });
});
