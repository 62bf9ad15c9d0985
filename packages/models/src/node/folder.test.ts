import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openFolder } from "./folder.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "proteoscope-folder-"));
  await mkdir(join(root, "model", "unet"), { recursive: true });
  await writeFile(join(root, "secret"), "no");
  await writeFile(join(root, "model", "config.json"), "{}");
  await writeFile(join(root, "model", "unet", "weights.bin"), Uint8Array.of(1, 2, 3));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a folder on disk", () => {
  it("reads, finds and lists its files", async () => {
    const folder = openFolder(join(root, "model"));
    expect(await folder.read("unet/weights.bin")).toEqual(Uint8Array.of(1, 2, 3));
    expect(await folder.exists("config.json")).toBe(true);
    expect(await folder.exists("unet")).toBe(false);
    expect(await folder.list?.()).toEqual(["config.json", "unet/weights.bin"]);
  });

  it("reads a file of several chunks in the order of its bytes, whole and in part", async () => {
    const values = Uint32Array.from({ length: 20_000_000 / 4 }, (_, index) => index);
    await writeFile(join(root, "model", "large.bin"), values);
    const folder = openFolder(join(root, "model"));
    const whole = await folder.read("large.bin");
    expect(Buffer.compare(whole, new Uint8Array(values.buffer))).toBe(0);
    const part = await folder.readPart!("large.bin", 1_000_000, 19_000_004);
    expect(Buffer.compare(part, whole.subarray(1_000_000, 19_000_004))).toBe(0);
    expect(await folder.readPart!("large.bin", 19_999_996, 30_000_000)).toEqual(whole.slice(-4));
  });

  it("gives the system's error for what is not there", async () => {
    const folder = openFolder(join(root, "model"));
    await expect(folder.read("none")).rejects.toMatchObject({ code: "ENOENT" });
    expect(await folder.exists("none")).toBe(false);
  });

  it("reads nothing outside itself, whatever a checkpoint asks for", async () => {
    const folder = openFolder(join(root, "model"));
    for (const path of ["../secret", "unet/../../secret", join(root, "secret"), "."]) {
      await expect(folder.read(path)).rejects.toThrow(/leads out of the folder/);
      await expect(folder.exists(path)).rejects.toThrow(/leads out of the folder/);
    }
  });

  it("follows the links that the cache of Hugging Face is made of", async () => {
    await symlink(join(root, "model", "unet", "weights.bin"), join(root, "model", "model.safetensors"));
    const folder = openFolder(join(root, "model"));
    expect(await folder.read("model.safetensors")).toEqual(Uint8Array.of(1, 2, 3));
    expect(await folder.list?.()).toContain("model.safetensors");
  });
});
