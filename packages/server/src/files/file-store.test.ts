import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FileStore, openFileStore } from "./file-store.ts";

let folder: string;
let files: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
  files = await openFileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = new TextEncoder().encode("a picture");
const digest = createHash("sha256").update(bytes).digest("hex");
const incoming = () => readdir(join(folder, "incoming"));
async function* parts(...all: Uint8Array[]) {
  yield* all;
}

describe("stored files", () => {
  it("that a killed process did not finish are removed after a day", async () => {
    const [old, young] = ["old", "young"].map((name) => join(folder, "incoming", name)) as [string, string];
    await writeFile(old, "x");
    await writeFile(young, "x");
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(old, yesterday, yesterday);
    await openFileStore(folder);
    expect(await incoming()).toEqual(["young"]);
  });

  it("are called by their content, and kept once", async () => {
    const name = await files.put(bytes, "png");
    expect(name).toBe(`${digest}.png`);
    expect(await files.put(bytes, "png")).toBe(name);
    expect(await files.read(name)).toEqual(bytes);
    const { size, stream } = (await files.open(name))!;
    expect(size).toBe(bytes.length);
    expect(Buffer.concat(await stream.toArray())).toEqual(Buffer.from(bytes));
    expect(await incoming()).toEqual([]);
  });

  it("come as streams, up to a limit", async () => {
    const name = await files.putStream(parts(bytes.subarray(0, 3), bytes.subarray(3)), "upload", 100);
    expect(name).toBe(`${digest}.upload`);
    expect(await files.read(name)).toEqual(bytes);
    await expect(files.putStream(parts(bytes, bytes), "upload", 10)).rejects.toThrow(/more than/);
    const broken = (async function* () {
      yield bytes;
      throw new Error("the client is gone");
    })();
    await expect(files.putStream(broken, "upload", 100)).rejects.toThrow(/client is gone/);
    expect(await incoming()).toEqual([]);
  });

  it("are no others than those that were put", async () => {
    await writeFile(join(folder, "secret.png"), "x");
    for (const name of ["../secret.png", "secret.png", `${digest}.png`, `${digest}.png/../x`, ""]) {
      expect(await files.open(name), name).toBeUndefined();
      await expect(files.read(name), name).rejects.toMatchObject({ kind: "notFound" });
    }
  });
});
