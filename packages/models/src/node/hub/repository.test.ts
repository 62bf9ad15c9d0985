import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findSnapshot, isConfined, isModelName, repositoryFolder } from "./repository.ts";

let hub: string;
beforeEach(() => {
  hub = mkdtempSync(join(tmpdir(), "proteoscope-cache-"));
});
afterEach(() => rmSync(hub, { recursive: true, force: true }));

it.each(["facebook/esm2_t6_8M_UR50D", "a/b", "x.y/z-1"])("%s is the name of a model", (name) => {
  expect(isModelName(name)).toBe(true);
});

it.each([
  "esm2",
  "/a",
  "a/",
  "a/b/c",
  "../b",
  "a/..",
  "a--b/c",
  "a/.b",
  "a/b.",
  "a/b c",
  "-a/b",
  "",
  "a\\b/c",
])("%j is none", (name) => {
  expect(isModelName(name)).toBe(false);
});

it.each(["config.json", "unet/model.safetensors", "a.b/c-d_e f", ".gitattributes"])(
  "%s is confined",
  (path) => {
    expect(isConfined(path)).toBe(true);
  },
);

it.each([
  ...["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\\..\\x", "C:x", "a\0b", "a\nb", "a?b"],
  "x".repeat(1025),
])("%j is not", (path) => {
  expect(isConfined(path)).toBe(false);
});

describe("findSnapshot", () => {
  const commit = "0123456789".repeat(4);
  beforeEach(() => {
    const folder = repositoryFolder(hub, "a/b");
    mkdirSync(join(folder, "snapshots", commit), { recursive: true });
    mkdirSync(join(folder, "refs", "refs", "pr"), { recursive: true });
    writeFileSync(join(folder, "refs", "main"), commit);
    writeFileSync(join(folder, "refs", "refs", "pr", "1"), `${commit}\n`);
    writeFileSync(join(folder, "refs", "gone"), "f".repeat(40));
    writeFileSync(join(folder, "refs", "hostile"), "../../..");
  });

  it("finds a branch, a pull request and a commit", async () => {
    const expected = join(hub, "models--a--b", "snapshots", commit);
    for (const revision of [undefined, "main", "refs/pr/1", commit])
      expect(await findSnapshot(hub, "a/b", revision)).toBe(expected);
  });

  it("finds nothing where nothing is, or where a reference leads elsewhere", async () => {
    for (const revision of ["gone", "hostile", "v1", "../refs/main", "f".repeat(40)])
      expect(await findSnapshot(hub, "a/b", revision)).toBeUndefined();
    expect(await findSnapshot(hub, "a/c")).toBeUndefined();
  });
});
