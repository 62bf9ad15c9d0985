import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCytoselfFiles } from "../../packages/lab/src/testing/cytoself-fixture.ts";

// The real command, killed without warning three times on the way: what it leaves, and what comes of it.

const command = join(import.meta.dirname, "../../packages/proteoscope/bin/proteoscope.mjs");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-kill-"));
});
afterAll(() => rm(folder, { recursive: true }));

function importInto(name: string, source: string, words: readonly string[] = []) {
  const child = spawn(
    process.execPath,
    [command, "data", "import-cytoself", join(folder, source), "-o", join(folder, name), ...words],
    { stdio: "ignore" },
  );
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on("exit", (code, signal) => resolve(code ?? signal!)),
  );
  return { child, ended };
}

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** Kills the import when it has written so many bytes more than there were, or when it ends. */
async function killAfter(child: ChildProcess, path: string, bytes: number): Promise<void> {
  while (child.exitCode === null && (await sizeOf(path)) < bytes)
    await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
}

describe("data import-cytoself", () => {
  it("ends with the same bytes after three SIGKILLs, though it removes what it has imported", async () => {
    const shape = { crops: 60_000, files: 4, side: 24, proteins: 20, cropsPerField: 100 };
    await writeCytoselfFiles(join(folder, "source"), shape);
    await writeCytoselfFiles(join(folder, "kept", "source"), shape);
    expect(await importInto("whole", "kept/source").ended).toBe(0);
    const total = await sizeOf(join(folder, "whole", "crops.npy"));
    const partial = join(folder, "source-set", "crops.npy.partial");
    const kills = [];
    for (const share of [0.2, 0.5, 0.8]) {
      const { child, ended } = importInto("source-set", "source", ["--delete-source"]);
      await killAfter(child, partial, share * total);
      kills.push(await ended);
    }
    expect(kills).toEqual(["SIGKILL", "SIGKILL", "SIGKILL"]);
    expect(await readdir(join(folder, "source-set"))).toContain("import.json");
    expect(await importInto("source-set", "source", ["--delete-source"]).ended).toBe(0);
    expect(await readdir(join(folder, "source"))).toEqual(["sequences.fasta"]);
    const names = await readdir(join(folder, "whole"));
    expect(await readdir(join(folder, "source-set"))).toEqual(names);
    for (const name of names)
      expect(
        (await readFile(join(folder, "source-set", name))).equals(
          await readFile(join(folder, "whole", name)),
        ),
        name,
      ).toBe(true);
  });
});
