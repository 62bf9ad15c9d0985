import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withOutputFolder } from "./output.ts";
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
