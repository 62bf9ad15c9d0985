import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openCheckpoint, resolveCheckpoint } from "./checkpoint-path.ts";

const commit = "b".repeat(40);
let folder: string;
let snapshot: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-checkpoint-"));
  snapshot = join(folder, "hub", "models--owner--name", "snapshots", commit);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(snapshot, "..", "..", "refs"));
  writeFileSync(join(snapshot, "..", "..", "refs", "main"), commit);
  writeFileSync(join(snapshot, "config.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = () => ({ HF_HOME: folder });

it("is a folder, or a file in one", async () => {
  expect(await openCheckpoint(snapshot, {})).toMatchObject({ path: snapshot, options: {} });
  const file = await openCheckpoint(join(snapshot, "config.json"), {});
  expect([file.folder.name, file.options]).toEqual([snapshot, { file: "config.json" }]);
});

it("is a model that the cache has, by name, branch or commit", async () => {
  for (const named of ["owner/name", "owner/name@main", `owner/name@${commit}`])
    expect(await resolveCheckpoint(named, environment())).toBe(snapshot);
  expect((await openCheckpoint("owner/name", environment())).folder.name).toBe(snapshot);
});

it("is what lies there rather than what the cache has", async () => {
  const own = join(folder, "own");
  mkdirSync(own);
  expect(await resolveCheckpoint(own, environment())).toBe(own);
});

it.each(["owner/name@v2", "owner/other", "owner/name@a@b", "nowhere", "../../etc/x"])(
  "is not there as %s",
  async (named) => {
    await expect(resolveCheckpoint(named, environment())).rejects.toMatchObject({ kind: "notFound" });
  },
);
