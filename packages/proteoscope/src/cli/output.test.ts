import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refuseInputs, withOutputFolder, writeFileAtomic } from "./output.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-output-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

describe("writeFileAtomic", () => {
  it("writes the file and nothing else", async () => {
    await writeFileAtomic(join(root, "a.txt"), "text");
    expect(read("a.txt")).toBe("text");
    expect(readdirSync(root)).toEqual(["a.txt"]);
  });

  it("replaces an older file as a whole", async () => {
    writeFileSync(join(root, "a.bin"), "older and longer");
    await writeFileAtomic(join(root, "a.bin"), Uint8Array.of(1, 2));
    expect([...readFileSync(join(root, "a.bin"))]).toEqual([1, 2]);
  });

  it.each([
    ["of 250 bytes", "x".repeat(246)],
    ["of 255 bytes", "x".repeat(251)],
    ["of 254 bytes beyond ASCII", "β".repeat(125)],
  ])("writes a file with a name %s", async (_, stem) => {
    await writeFileAtomic(join(root, `${stem}.csv`), "text");
    expect(readdirSync(root)).toEqual([`${stem}.csv`]);
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
    await expect(writeFileAtomic(join(root, "x".repeat(256)), "text")).rejects.toThrow(
      "the name is too long",
    );
    expect(readdirSync(root).sort()).toEqual(["file", "folder"]);
  });

  it.skipIf(process.platform === "win32")(
    "writes through a link, and to a device without replacing it",
    async () => {
      writeFileSync(join(root, "file"), "older");
      symlinkSync(join(root, "file"), join(root, "link"));
      symlinkSync("/dev/null", join(root, "device"));
      await writeFileAtomic(join(root, "link"), "newer");
      await writeFileAtomic(join(root, "device"), "newer");
      expect(read("file")).toBe("newer");
      expect(readlinkSync(join(root, "link"))).toBe(join(root, "file"));
      expect(readlinkSync(join(root, "device"))).toBe("/dev/null");
      expect(readdirSync(root).sort()).toEqual(["device", "file", "link"]);
    },
  );
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
    expect(read("a", "b", "one.txt")).toBe("1");
    expect(read("a", "b", "deep", "er", "two.txt")).toBe("2");
    expect(readdirSync(path).sort()).toEqual(["deep", "one.txt"]);
  });

  it("keeps what was published before the work fails, and nothing of the rest", async () => {
    const out = join(root, "out");
    const work = withOutputFolder(out, async (folder) => {
      await folder.write("a.txt", "a");
      expect(existsSync(join(out, "a.txt"))).toBe(false);
      await folder.publish();
      expect(read("out", "a.txt")).toBe("a");
      await folder.write("b.txt", "b");
      await expect(folder.write("A.txt", "again")).rejects.toThrow(/two results have this name/);
      throw new Error("the disk of b");
    });
    await expect(work).rejects.toThrow("the disk of b");
    expect(readdirSync(out)).toEqual(["a.txt"]);
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
    expect(read("one.txt")).toBe("older");
    expect(readdirSync(root)).toEqual(["one.txt"]);
  });

  it("refuses before the decision what would fail after it", async () => {
    mkdirSync(join(root, "folder"));
    writeFileSync(join(root, "file"), "mine");
    for (const name of ["folder", "file/deep/a.txt"]) {
      const failing = withOutputFolder(root, async (folder) => {
        await folder.write("one.txt", "1");
        await folder.write(name, "2");
      });
      await expect(failing).rejects.toMatchObject({ name: "CommandError", exitCode: 1 });
    }
    expect(readdirSync(root).sort()).toEqual(["file", "folder"]);
  });

  it("refuses two results of one name, in any case of letters", async () => {
    const failing = withOutputFolder(root, async (folder) => {
      await folder.write("sub/one.txt", "1");
      await folder.write("sub/../sub/One.txt", "2");
    });
    await expect(failing).rejects.toThrow("two results have this name");
    expect(readdirSync(root)).toEqual([]);
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

describe("an output that is an input", () => {
  it("is refused by whatever path it is named, and left as it is", async () => {
    writeFileSync(join(root, "x.fasta"), ">a\nMKT\n");
    mkdirSync(join(root, "sub"));
    symlinkSync(join(root, "x.fasta"), join(root, "link.fasta"));
    for (const output of ["x.fasta", "link.fasta", "sub/../x.fasta"].map((name) => `${root}/${name}`)) {
      const refused = refuseInputs(output, ["none", join(root, "x.fasta")]);
      await expect(refused).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(output) });
    }
    await refuseInputs(join(root, "y.fasta"), [join(root, "x.fasta"), join(root, "y.fasta")]);
    await refuseInputs("/dev/null", ["/dev/null"]);
  });

  it("is refused among the files of a folder, and as the folder itself", async () => {
    writeFileSync(join(root, "Cell.tif"), "input");
    const inputs = [join(root, "Cell.tif")];
    const failing = withOutputFolder(root, (folder) => folder.write("Cell.tif", "output"), { inputs });
    await expect(failing).rejects.toThrow("is an input of this command");
    expect(read("Cell.tif")).toBe("input");
    const same = withOutputFolder(join(root, "."), (folder) => folder.write("a", ""), { inputs: [root] });
    await expect(same).rejects.toThrow("is an input of this command");
    expect(readdirSync(root)).toEqual(["Cell.tif"]);
  });
});
