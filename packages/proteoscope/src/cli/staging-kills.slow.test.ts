import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOutputFolder } from "./output.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-staging-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

// Rounds of a writer that replaces a hundred files of the last round, all of them by its own number.
const count = 100;
const writer = `
  import { withOutputFolder } from ${JSON.stringify(new URL("./output.ts", import.meta.url).href)};
  for (let round = Number(process.argv[1]); ; round++) {
    await withOutputFolder("out", async (folder) => {
      for (let i = 0; i < ${count}; i++) await folder.write(i + ".txt", String(round));
    });
    process.stdout.write(round + "\\n");
  }`;

describe.skipIf(process.platform === "win32")("a process that is killed at a random moment", () => {
  const rounds = 20;

  it(`leaves all results of a round or none for the next run, ${rounds} times`, async () => {
    let child: ChildProcess | undefined;
    const interrupted = new Set<string>();
    for (let kill = 0; kill < rounds; kill++) {
      const options = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", writer];
      child = spawn(process.execPath, [...options, String(1000 * kill)], {
        ...{ cwd: root, stdio: ["ignore", "pipe", "inherit"] },
      });
      let stdout = "";
      child.stdout!.on("data", (text) => {
        stdout += text;
      });
      await once(child.stdout!, "data");
      await wait(Math.random() * 60);
      child.kill("SIGKILL");
      await once(child, "close");
      const out = join(root, "out");
      for (const name of readdirSync(out).filter((entry) => entry.startsWith(".")))
        interrupted.add(name.split(".").at(-1)!);

      await withOutputFolder(out, (folder) => folder.write("next.txt", ""));
      const names = readdirSync(out);
      expect(names).toHaveLength(count + 1);
      const contents = names
        .filter((name) => name !== "next.txt")
        .map((name) => readFileSync(join(out, name), "utf8"));
      expect(new Set(contents).size).toBe(1);
      const printed = Number(stdout.trim().split("\n").at(-1));
      expect([printed, printed + 1]).toContain(Number(contents[0]));
    }
    // Kills hit the writing nearly always, and the moving of files now and then.
    expect(interrupted.has("partial") || interrupted.has("commit")).toBe(true);
  }, 300_000);
});
