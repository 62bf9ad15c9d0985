import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { finishLeftovers, openStaging } from "./staging.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-staging-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The number of a process that has ended. */
const gone = String(spawnSync(process.execPath, ["--version"]).pid);
const dayAgo = (Date.now() - 90_000_000) / 1000;

/** The folder that another process would have made, with a file in it. */
async function leftover(pid: string, state: "partial" | "commit", host?: string): Promise<string> {
  const staging = await openStaging(root);
  const [name] = readdirSync(root).filter((entry) => entry.startsWith(".proteoscope-"));
  staging.discard();
  const path = join(
    root,
    name!
      .replace(`-${process.pid}-`, `-${pid}-`)
      .replace(".partial", `.${state}`)
      .replace(/(?<=^\.proteoscope-)[0-9a-f]{8}/, (own) => host ?? own),
  );
  mkdirSync(join(path, "deep"), { recursive: true });
  writeFileSync(join(path, "deep", "a.txt"), "new");
  return path;
}

describe("finishLeftovers", () => {
  it("removes half-written results of a process that is gone", async () => {
    await leftover(gone, "partial");
    await finishLeftovers(root);
    expect(readdirSync(root)).toEqual([]);
  });

  it("moves complete results of a process that is gone to their places, over older ones", async () => {
    await leftover(gone, "commit");
    mkdirSync(join(root, "deep"));
    writeFileSync(join(root, "deep", "a.txt"), "old");
    writeFileSync(join(root, "deep", "b.txt"), "other");
    await Promise.all([finishLeftovers(root), finishLeftovers(root), finishLeftovers(root)]);
    expect(readdirSync(root)).toEqual(["deep"]);
    expect(readFileSync(join(root, "deep", "a.txt"), "utf8")).toBe("new");
    expect(readFileSync(join(root, "deep", "b.txt"), "utf8")).toBe("other");
  });

  it("leaves those of a process that runs, here or in this process", async () => {
    const paths = [
      await leftover(String(process.ppid), "partial"),
      await leftover(String(process.ppid), "commit"),
    ];
    const staging = await openStaging(root);
    await staging.write("b.txt", "b");
    await finishLeftovers(root);
    for (const path of paths) expect(existsSync(join(path, "deep", "a.txt"))).toBe(true);
    await staging.commit();
    expect(existsSync(join(root, "b.txt"))).toBe(true);
  });

  it("takes what an earlier process of this number left, as in a container", async () => {
    const path = await leftover(String(process.pid), "partial");
    utimesSync(path, dayAgo, dayAgo);
    await finishLeftovers(root);
    expect(readdirSync(root)).toEqual([]);
  });

  it("leaves those of another host for a day", async () => {
    const path = await leftover(gone, "partial", "00000000");
    await finishLeftovers(root);
    expect(existsSync(path)).toBe(true);
    utimesSync(path, dayAgo, dayAgo);
    await finishLeftovers(root);
    expect(existsSync(path)).toBe(false);
  });

  it("leaves whatever is named otherwise", async () => {
    const names = [".proteoscope-x.partial", "a.partial", `.proteoscope-00000000-${gone}-1`, "b.commit"];
    for (const name of names) writeFileSync(join(root, name), "");
    await finishLeftovers(root);
    expect(readdirSync(root).sort()).toEqual([...names].sort());
  });
});
