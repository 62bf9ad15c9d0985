import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFileAtomic } from "./output.ts";
import { writePipe } from "./write-pipe.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-pipe-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pipe = (name: string): string => {
  const path = join(folder, name);
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  return path;
};

async function readAll(path: string): Promise<string> {
  let text = "";
  for await (const chunk of createReadStream(path)) text += chunk;
  return text;
}

describe.skipIf(process.platform === "win32")("an output that is a named pipe", () => {
  it("gets everything, however late and slow its reader is", async () => {
    const path = pipe("late");
    const text = "a line of results\n".repeat(50_000); // a megabyte, more than a pipe holds
    const writing = writeFileAtomic(path, text);
    await wait(100);
    expect((await readAll(path)) === text).toBe(true);
    await writing;
    expect(statSync(path).isFIFO()).toBe(true);
  });

  it("stops waiting for a reader, and for a slow one, at an abort", async () => {
    const controller = new AbortController();
    const nobody = writePipe(pipe("nobody"), "text", controller.signal);
    const path = pipe("slow");
    const reader = createReadStream(path, { highWaterMark: 10 });
    const slow = writePipe(path, "x".repeat(1e6), controller.signal);
    await once(reader, "readable");
    controller.abort();
    for (const writing of [nobody, slow]) await expect(writing).rejects.toMatchObject({ name: "AbortError" });
    reader.destroy();
  });

  it("names the path where the reader goes away", async () => {
    const path = pipe("gone");
    const reader = createReadStream(path, { highWaterMark: 10 });
    const writing = writeFileAtomic(path, "x".repeat(1e6));
    await once(reader, "readable");
    reader.destroy();
    await expect(writing).rejects.toMatchObject({
      exitCode: 1,
      message: `cannot write ${path}: nobody reads it`,
    });
  });
});
