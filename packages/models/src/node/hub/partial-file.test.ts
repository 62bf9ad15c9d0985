import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { missingBytes } from "./missing-bytes.ts";
import { claimPartialFile } from "./partial-file.ts";

let folder: string;
let target: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-partial-"));
  target = join(folder, "abc");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("begins empty, and becomes the target when it is finished", async () => {
  const partial = await claimPartialFile(target);
  expect(readFileSync(partial.path)).toHaveLength(0);
  writeFileSync(partial.path, "all");
  await partial.finish();
  partial.release();
  expect(readdirSync(folder)).toEqual(["abc"]);
  expect(readFileSync(target, "utf8")).toBe("all");
});

it("keeps what there is for the next one", async () => {
  const first = await claimPartialFile(target);
  writeFileSync(first.path, "half");
  first.release();
  first.release();
  expect(readdirSync(folder)).toEqual(["abc.incomplete"]);
  const second = await claimPartialFile(target);
  expect(readFileSync(second.path, "utf8")).toBe("half");
  expect(existsSync(`${target}.incomplete`)).toBe(false);
  second.release();
});

it("takes over from a process that was killed, and not from one that runs", async () => {
  const running = join(folder, `abc.${hostname()}-${process.ppid}.incomplete`);
  writeFileSync(running, "theirs");
  const fresh = await claimPartialFile(target);
  expect(readFileSync(fresh.path)).toHaveLength(0);
  rmSync(fresh.path);
  fresh.release();
  writeFileSync(join(folder, `abc.${hostname()}-${2 ** 30}.incomplete`), "left");
  const partial = await claimPartialFile(target);
  expect(readFileSync(partial.path, "utf8")).toBe("left");
  partial.release();
  expect(readFileSync(running, "utf8")).toBe("theirs");
});

it("is not to come again, unless it is longer than its file", async () => {
  expect(await missingBytes([{ target, bytes: 10 }])).toBe(10);
  writeFileSync(`${target}.incomplete`, "half");
  expect(await missingBytes([{ target, bytes: 10 }])).toBe(6);
  expect(await missingBytes([{ target, bytes: 3 }])).toBe(3);
});
