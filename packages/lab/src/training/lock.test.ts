import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "./lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("lockFolder", () => {
  it("keeps a second owner out until it is released", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid}`);
    await lock.release();
    await (await lockFolder(folder)).release();
  });

  it("takes over from a process that is gone", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    await writeFile(join(folder, "run.lock"), `${pid}\n`);
    const lock = await lockFolder(folder);
    expect(await readFile(join(folder, "run.lock"), "utf8")).toBe(`${process.pid}\n`);
    await lock.release();
  });

  it("takes over a lock that a kill left empty", async () => {
    await writeFile(join(folder, "run.lock"), "");
    await (await lockFolder(folder)).release();
  });
});
