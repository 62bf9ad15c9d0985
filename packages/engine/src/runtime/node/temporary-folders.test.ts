import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeTemporaryFolder, removeAbandonedFolders } from "./temporary-folders.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "proteoscope-folders-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

const endedProcess = spawnSync(process.execPath, ["--eval", ""]).pid;
const here = hostname().replaceAll(/[^\w-]/g, "_");

/** A folder with a file in it, as another process leaves it. */
function leftFolder(owner: string, id: number, { purpose = "partial", hoursOld = 0 } = {}): string {
  const path = join(parent, `${purpose}.${owner}.${id}.aB3dE6`);
  mkdirSync(path);
  writeFileSync(join(path, "model.onnx"), "half");
  const time = new Date(Date.now() - hoursOld * 3_600_000);
  utimesSync(path, time, time);
  return path;
}

describe("temporary folders", () => {
  test("are the user's alone, and none has another's name", async () => {
    const paths = await Promise.all([0, 1, 2].map(() => makeTemporaryFolder(parent, "partial")));
    expect(new Set(paths).size).toBe(3);
    expect(readdirSync(parent).sort()).toEqual(paths.map((path) => basename(path)).sort());
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test.each([
    { of: "a process that has ended", owner: here, id: endedProcess, hoursOld: 0, stays: false },
    { of: "a process that runs", owner: here, id: process.ppid, hoursOld: 1000, stays: true },
    { of: "this process", owner: here, id: process.pid, hoursOld: 0, stays: true },
    { of: "an earlier process of this id", owner: here, id: process.pid, hoursOld: 1000, stays: false },
    { of: "another host, of today", owner: "elsewhere", id: endedProcess, hoursOld: 1, stays: true },
    { of: "another host, of long ago", owner: "elsewhere", id: process.ppid, hoursOld: 25, stays: false },
  ])("of $of, $hoursOld hours old: stays is $stays", async ({ owner, id, hoursOld, stays }) => {
    const path = leftFolder(owner, id, { hoursOld });
    await removeAbandonedFolders(parent, "partial");
    expect(existsSync(path)).toBe(stays);
  });

  test("of another purpose, or by another's name, are left alone", async () => {
    leftFolder(here, endedProcess, { purpose: "partial2" });
    leftFolder(here, endedProcess, { purpose: "a.partial" });
    for (const name of ["partial", "partial.", `partial.${here}.${endedProcess}`, `partial.${here}.x.aB3dE6`])
      mkdirSync(join(parent, name));
    const before = readdirSync(parent);
    await removeAbandonedFolders(parent, "partial");
    expect(readdirSync(parent)).toEqual(before);
  });

  test("are none where there is no parent", async () => {
    await expect(removeAbandonedFolders(join(parent, "absent"), "partial")).resolves.toBeUndefined();
  });
});
