import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFolder } from "./lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const lockFile = () => readFile(join(folder, "run.lock"), "utf8");

describe("a lock", () => {
  it("excludes a second owner until it is released, and leaves nothing", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid} on `);
    await lock.release();
    await (await lockFolder(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("of one folder is not that of another", async () => {
    const other = await mkdtemp(join(tmpdir(), "lock-"));
    const locks = [await lockFolder(folder), await lockFolder(other)];
    for (const lock of locks) await lock.release();
    await rm(other, { recursive: true });
  });

  it.each(["", "4711\n", "{}", '{"pid":1,"host":"\\u001b[31m"}', "null"])(
    "takes over a file without a heartbeat whose text is %j",
    async (text) => {
      await writeFile(join(folder, "run.lock"), text);
      const lock = await lockFolder(folder, { beatMs: 20 });
      expect(JSON.parse(await lockFile()).pid).toBe(process.pid);
      await lock.release();
    },
  );

  it("has a heartbeat", async () => {
    const lock = await lockFolder(folder, { beatMs: 20 });
    const before = (await stat(join(folder, "run.lock"))).mtimeMs;
    await vi.waitFor(async () => {
      expect((await stat(join(folder, "run.lock"))).mtimeMs).toBeGreaterThan(before);
    });
    await lock.release();
  });

  it("of a holder whose name is out of sight is respected while the file has a heartbeat", async () => {
    const path = join(folder, "run.lock");
    await writeFile(path, JSON.stringify({ pid: 1, host: "elsewhere", address: "another scope" }));
    const beat = setInterval(() => utimes(path, new Date(), new Date()), 20);
    try {
      await expect(lockFolder(folder, { beatMs: 200 })).rejects.toThrow(
        "is in use by process 1 on elsewhere",
      );
    } finally {
      clearInterval(beat);
    }
    await sleep(60);
    await (await lockFolder(folder, { beatMs: 20 })).release();
  });
});
