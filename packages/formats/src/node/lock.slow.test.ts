// Locks between processes, those in other namespaces among them.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFolder } from "./lock.ts";

vi.setConfig({ testTimeout: 300_000 });

let folder: string;
let processes: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
  processes = [];
});
afterEach(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

const script = join(import.meta.dirname, "../testing/lock-process.ts");
const beatMs = 100;

/** Starts a process that locks the folder, optionally within other namespaces, and waits until it is ready. */
async function startProcess(unshare: readonly string[] = []): Promise<ChildProcess> {
  const own = [process.execPath, "--import", "tsx", script, folder, String(beatMs)];
  const [command, ...words] = unshare.length > 0 ? ["unshare", ...unshare, ...own] : own;
  const child = spawn(command!, words, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  processes.push(child);
  expect(await answerOf(child)).toBe("ready");
  return child;
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null) => reject(new Error(`the process has ended with ${code}`));
    child.once("exit", fail);
    child.once("message", (answer) => {
      child.off("exit", fail);
      resolve(answer);
    });
  });
}

function request(child: ChildProcess, message: "lock" | "release"): Promise<unknown> {
  const answer = answerOf(child);
  child.send(message);
  return answer;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

const lockFile = () => readFile(join(folder, "run.lock"), "utf8");

describe.runIf(process.platform === "linux" || process.platform === "win32")(
  "between processes, a lock",
  () => {
    it("is held by one of eight that lock at once, in 200 rounds, after releases and after kills", async () => {
      const children = await Promise.all(Array.from({ length: 8 }, () => startProcess()));
      for (let round = 0; round < 200; round++) {
        const answers = await Promise.all(children.map((child) => request(child, "lock")));
        const holders = answers.flatMap((answer, index) => (answer === "held" ? [children[index]!] : []));
        expect(holders, `round ${round}: ${answers.join("; ")}`).toHaveLength(1);
        for (const answer of answers) expect(answer).toMatch(/^held$| is in use by /);
        const left = await lockFile();
        await request(holders[0]!, "release");
        if (round % 2 === 0) await writeFile(join(folder, "run.lock"), left); // as if it had been killed
      }
    });

    it("of a killed process is free at once", async () => {
      const child = await startProcess();
      expect(await request(child, "lock")).toBe("held");
      await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${child.pid} on `);
      await kill(child);
      const started = performance.now();
      await (await lockFolder(folder)).release();
      expect(performance.now() - started).toBeLessThan(2500); // a heartbeat is 3 s
    });
  },
);

const may = (...flags: string[]) => spawnSync("unshare", [...flags, "true"]).status === 0;
const own = ["--user", "--map-root-user", "--kill-child", "--fork"];

describe("in a container, whose processes have the same ids every time, a lock", () => {
  const namespace = [...own, "--pid", "--mount-proc"];

  it.runIf(may(...namespace))("of a killed process is free at once", async () => {
    const first = await startProcess(namespace);
    expect(await request(first, "lock")).toBe("held");
    expect(JSON.parse(await lockFile()).pid).toBe(1);
    const second = await startProcess(namespace);
    expect(await request(second, "lock")).toMatch(/is in use by process 1 on /);
    await kill(first);
    await vi.waitFor(async () => expect(await request(second, "lock")).toBe("held"), { timeout: 2000 });
    expect(JSON.parse(await lockFile()).pid).toBe(1);
  });

  it.runIf(may(...own, "--net"))(
    "of another container is respected, and free when its heartbeat ends",
    async () => {
      const first = await startProcess([...own, "--net"]);
      expect(await request(first, "lock")).toBe("held");
      await expect(lockFolder(folder, { beatMs })).rejects.toThrow(/is in use by process \d+ on /);
      await kill(first);
      await vi.waitFor(async () => (await lockFolder(folder, { beatMs })).release(), { timeout: 10_000 });
    },
  );
});
