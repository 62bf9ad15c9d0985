import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

function ask(child: ChildProcess, message: "lock" | "release"): Promise<unknown> {
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

describe("a lock", () => {
  it("keeps a second owner out until it is released, and leaves nothing", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid} on `);
    await lock.release();
    await (await lockFolder(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("of one folder is not that of another", async () => {
    const other = await mkdtemp(join(tmpdir(), "lock-"));
    const locks = [await lockFolder(folder), await lockFolder(other)];
    for (const lock of locks) await lock.release();
    await rm(other, { recursive: true });
  });

  it.each(["", "4711\n", "{}", '{"pid":1,"host":"\\u001b[31m"}', "null"])(
    "takes over a file without a heartbeat that says %j",
    async (text) => {
      await writeFile(join(folder, "run.lock"), text);
      const lock = await lockFolder(folder, { beatMs: 20 });
      expect(JSON.parse(await lockFile()).pid).toBe(process.pid);
      await lock.release();
    },
  );

  it("has a heartbeat", async () => {
    const lock = await lockFolder(folder, { beatMs: 20 });
    const before = (await stat(join(folder, "run.lock"))).mtimeMs;
    await vi.waitFor(async () => {
      expect((await stat(join(folder, "run.lock"))).mtimeMs).toBeGreaterThan(before);
    });
    await lock.release();
  });

  it("of a holder whose name is out of sight is respected while the file has a heartbeat", async () => {
    const path = join(folder, "run.lock");
    await writeFile(path, JSON.stringify({ pid: 1, host: "elsewhere", address: "another scope" }));
    const beat = setInterval(() => utimes(path, new Date(), new Date()), 20);
    try {
      await expect(lockFolder(folder, { beatMs: 200 })).rejects.toThrow(
        "is in use by process 1 on elsewhere",
      );
    } finally {
      clearInterval(beat);
    }
    await sleep(60);
    await (await lockFolder(folder, { beatMs: 20 })).release();
  });
});

describe.runIf(process.platform === "linux" || process.platform === "win32")(
  "between processes, a lock",
  () => {
    it("is held by one of eight that ask at once, in 200 rounds, after releases and after kills", async () => {
      const children = await Promise.all(Array.from({ length: 8 }, () => startProcess()));
      for (let round = 0; round < 200; round++) {
        const answers = await Promise.all(children.map((child) => ask(child, "lock")));
        const holders = answers.flatMap((answer, index) => (answer === "held" ? [children[index]!] : []));
        expect(holders, `round ${round}: ${answers.join("; ")}`).toHaveLength(1);
        for (const answer of answers) expect(answer).toMatch(/^held$| is in use by /);
        const left = await lockFile();
        await ask(holders[0]!, "release");
        if (round % 2 === 0) await writeFile(join(folder, "run.lock"), left); // as if it had been killed
      }
    });

    it("of a killed process is free at once", async () => {
      const child = await startProcess();
      expect(await ask(child, "lock")).toBe("held");
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
    expect(await ask(first, "lock")).toBe("held");
    expect(JSON.parse(await lockFile()).pid).toBe(1);
    const second = await startProcess(namespace);
    expect(await ask(second, "lock")).toMatch(/is in use by process 1 on /);
    await kill(first);
    await vi.waitFor(async () => expect(await ask(second, "lock")).toBe("held"), { timeout: 2000 });
    expect(JSON.parse(await lockFile()).pid).toBe(1);
  });

  it.runIf(may(...own, "--net"))(
    "of another container is respected, and free when its heartbeat ends",
    async () => {
      const first = await startProcess([...own, "--net"]);
      expect(await ask(first, "lock")).toBe("held");
      await expect(lockFolder(folder, { beatMs })).rejects.toThrow(/is in use by process \d+ on /);
      await kill(first);
      await vi.waitFor(async () => (await lockFolder(folder, { beatMs })).release(), { timeout: 10_000 });
    },
  );
});
