import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const source = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

// A process with two slow commands: one that listens to the abort signal and one that does not.
const program = `
  import { setTimeout as wait } from "node:timers/promises";
  import { runProcess } from ${source("./cli.ts")};
  import { defineCommand, defineGroup } from ${source("./cli/command.ts")};
  import { withOutputFolder } from ${source("./cli/output.ts")};
  const slow = (name, listens) => defineCommand({
    name, description: "slow", args: {}, examples: [],
    run: (args, { signal, stdout }) => withOutputFolder("out", async (folder) => {
      await folder.write("picture.png", "half a picture");
      stdout.write("started\\n");
      await wait(60_000, undefined, listens ? { signal } : {});
    }),
  });
  await runProcess(process.argv.slice(1), defineGroup("proteoscope", "test", {
    polite: async () => slow("polite", true),
    deaf: async () => slow("deaf", false),
  }));`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-process-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(
  command: string,
): Promise<{ child: ChildProcess; exit: Promise<unknown[]>; words: () => string }> {
  const options = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program, command];
  const child = spawn(process.execPath, options, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const exit = once(child, "close");
  await once(child.stdout!, "data");
  return { child, exit, words: () => stderr };
}

describe.skipIf(process.platform === "win32")("an interrupted command", () => {
  it("ends with code 130 and leaves nothing behind", async () => {
    const { child, exit, words } = await start("polite");
    expect(readdirSync(folder)).toEqual(["out"]);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(words()).toBe("proteoscope: interrupted\n");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("ends at the second interrupt even if it does not listen, and leaves nothing either", async () => {
    const { child, exit } = await start("deaf");
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(child.exitCode).toBeNull();
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("the program in the clone", () => {
  const bin = fileURLToPath(new URL("../bin/proteoscope.mjs", import.meta.url));

  it("runs from its sources and passes its exit code on", async () => {
    const child = spawn(process.execPath, [bin, "genrate"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    expect(await once(child, "close")).toEqual([2, null]);
    expect(stderr).toMatch(/^proteoscope: unknown command "genrate"/);
  });

  it("takes a reader that hangs up for no failure", async () => {
    const child = spawn(process.execPath, [bin, "--help"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});
