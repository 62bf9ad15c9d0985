import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checksumFileName, listChecksums, verifyChecksums } from "./checksums.ts";

const sha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-checksums-"));
  mkdirSync(join(folder, "unet"));
  writeFileSync(join(folder, "unet", "weights.bin"), "abc");
  writeFileSync(join(folder, "README.md"), "card");
  writeFileSync(join(folder, checksumFileName), await listChecksums(folder));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("checksums", () => {
  it("list every file below the folder with its published digest, but not the list", async () => {
    const list = await listChecksums(folder);
    expect(list).toContain(`${sha256OfAbc}  unet/weights.bin\n`);
    expect(list.split("\n").filter(Boolean)).toHaveLength(2);
  });

  it("find nothing wrong with an intact folder", async () => {
    expect(await verifyChecksums(folder)).toEqual([]);
  });

  it("name the files that are missing or changed", async () => {
    writeFileSync(join(folder, "unet", "weights.bin"), "abd");
    rmSync(join(folder, "README.md"));
    expect(await verifyChecksums(folder)).toEqual([
      { file: "README.md", problem: "missing" },
      { file: "unet/weights.bin", problem: "changed" },
    ]);
  });

  it("refuse a list that is none, and paths that leave the folder", async () => {
    for (const line of [
      "hello",
      `${sha256OfAbc}  ../secret`,
      `${sha256OfAbc}  /secret`,
      `${sha256OfAbc.slice(1)}  a`,
    ]) {
      writeFileSync(join(folder, checksumFileName), `${sha256OfAbc}  unet/weights.bin\n${line}\n`);
      await expect(verifyChecksums(folder), line).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringContaining("line 2"),
      });
    }
  });
});
