import { type ChildProcess, type StdioOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const source = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

// A process with slow commands, one that listens to the abort signal and one that does not, and with commands that fail
// where nobody catches it.
const program = `
  import { setTimeout as wait } from "node:timers/promises";
  import { runProcess } from ${source("./cli.ts")};
  import { defineCommand, defineGroup } from ${source("./cli/command.ts")};
  import { withOutputFolder } from ${source("./cli/output.ts")};
  const command = (name, run) => async () => defineCommand({ name, description: name, args: {}, examples: [], run });
  const slow = (listens) => (args, { signal, stdout }) => withOutputFolder("out", async (folder) => {
    await folder.write("picture.png", "half a picture");
    stdout.write("started\\n");
    await wait(60_000, undefined, listens ? { signal } : {});
  });
  await runProcess(process.argv.slice(1), defineGroup("proteoscope", "test", {
    polite: command("polite", slow(true)),
    deaf: command("deaf", slow(false)),
    rejection: command("rejection", async () => {
      void Promise.reject(new TypeError("x is\\n undefined\\u001b[2J"));
      await wait(60_000);
    }),
    exception: command("exception", async () => {
      setTimeout(() => { throw new RangeError("too far"); });
      await wait(60_000);
    }),
    words: command("words", async (args, { stdout, stderr }) => {
      for (let i = 0; i < 100; i++) { stdout.write("a result\\n"); stderr.write("a message\\n"); }
    }),
  }));`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-process-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(command: string, stdio: StdioOptions = ["ignore", "pipe", "pipe"], env = process.env) {
  const options = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program, command];
  const child = spawn(process.execPath, options, { cwd: folder, stdio, env });
  return { child, ...collect(child) };
}

/** The end of a process, and what it has written by then. */
function collect(child: ChildProcess) {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  return { exit: once(child, "close"), messages: () => stderr };
}

const isWindows = process.platform === "win32";

describe.skipIf(isWindows)("an interrupted command", () => {
  it("ends with code 130 and leaves nothing behind", async () => {
    const { child, exit, messages } = start("polite");
    await once(child.stdout!, "data");
    expect(readdirSync(folder)).toEqual(["out"]);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(messages()).toBe("proteoscope: interrupted\n");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("ends at the second interrupt even if it does not listen, and leaves nothing either", async () => {
    const { child, exit } = start("deaf");
    await once(child.stdout!, "data");
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(child.exitCode).toBeNull();
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is ended after a while if it does not listen, and leaves nothing either", async () => {
    const { child, exit, messages } = start("deaf");
    await once(child.stdout!, "data");
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(messages()).toBe("proteoscope: interrupted\n");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a fault that nobody catches", () => {
  it.each([
    ["rejection", "TypeError: x is; undefined\\u{1b}[2J"],
    ["exception", "RangeError: too far"],
  ])("ends with one line and code 1: %s", async (command, message) => {
    const { exit, messages } = start(command);
    expect(await exit).toEqual([1, null]);
    expect(messages()).toBe(`proteoscope: ${message}\n`);
  });

  it("shows its stack where it is asked for", async () => {
    const { exit, messages } = start("exception", undefined, { ...process.env, DEBUG: "proteoscope" });
    expect(await exit).toEqual([1, null]);
    expect(messages()).toMatch(/^proteoscope: RangeError: too far\nRangeError: too far\n {4}at /);
  });
});

describe.skipIf(process.platform !== "linux")("a stream that takes nothing", () => {
  const full = () => openSync("/dev/full", "w");

  it("is named where it is standard output", async () => {
    const { exit, messages } = start("words", ["ignore", full(), "pipe"]);
    expect(await exit).toEqual([1, null]);
    expect(messages().replaceAll("a message\n", "")).toBe(
      "proteoscope: cannot write standard output: the disk is full\n",
    );
  });

  it("ends nothing where it is standard error, and both end with code 1", async () => {
    expect(await start("words", ["ignore", "pipe", full()]).exit).toEqual([0, null]);
    expect(await start("words", ["ignore", full(), full()]).exit).toEqual([1, null]);
  });
});

describe("the program in the clone", () => {
  const bin = fileURLToPath(new URL("../bin/proteoscope.mjs", import.meta.url));
  const run = (...words: string[]) => {
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { child, ...collect(child) };
  };

  it("runs from its sources and passes its exit code on", async () => {
    const { exit, messages } = run("genrate");
    expect(await exit).toEqual([2, null]);
    expect(messages()).toMatch(/^proteoscope: unknown command "genrate"/);
  });

  it("takes a reader that hangs up for no failure", async () => {
    const { child } = run("--help");
    child.stdout!.destroy();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it.skipIf(isWindows)(
    "ends at an interrupt while it waits for the writer of a pipe",
    async () => {
      expect(spawnSync("mkfifo", [join(folder, "pipe")]).status).toBe(0);
      for (const words of [
        ["localize", "pipe"],
        ["generate", "pipe"],
        ["generate", "FBL", "--nucleus", "pipe"],
      ]) {
        const { child, exit, messages } = run(...words, "--device", "cpu");
        await waitUntilOpen(child, "pipe");
        child.kill("SIGINT");
        expect(await exit).toEqual([130, null]);
        expect(messages()).toBe("proteoscope: interrupted\n");
        expect(readdirSync(folder)).toEqual(["pipe"]);
      }
    },
    120_000,
  );
});

/** Waits until a process has a file of this name open. */
async function waitUntilOpen(child: ChildProcess, name: string): Promise<void> {
  const openFiles = `/proc/${child.pid}/fd`;
  const isOpen = () =>
    readdirSync(openFiles).some((fd) => {
      try {
        return readlinkSync(join(openFiles, fd)).endsWith(`/${name}`);
      } catch {
        return false; // closed meanwhile
      }
    });
  while (child.exitCode === null && !isOpen()) await new Promise((resolve) => setTimeout(resolve, 50));
}
