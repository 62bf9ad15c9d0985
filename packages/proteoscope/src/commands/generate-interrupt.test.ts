import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 120_000 });

const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

/** Interrupts `generate` when the first of its proteins is drawn; `where` finds that protein's provenance by then. */
async function interruptGenerate(output: string, options: readonly string[], where: () => boolean) {
  // The first protein is soon done, all of them are never.
  const proteins = ["FBL", ...Array.from({ length: 500 }, () => "NPM1")];
  const words = [...proteins, "--samples", "1", "--steps", "200", "--format", "npy", "--model", place.model];
  const child = spawn(process.execPath, [bin, "generate", ...words, ...options, "-o", output], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const exit = once(child, "close");
  while (!(existsSync(output) && where()) && child.exitCode === null) await wait(20);
  child.kill("SIGINT");
  expect(await exit).toEqual([130, null]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^(generate {2}\d+\/100200 steps .*\n)*proteoscope: interrupted\n$/);
}

describe.skipIf(process.platform === "win32")("generate at an interrupt ends with code 130", () => {
  it("and leaves whole what was drawn by then", async () => {
    const output = join(place.path, "kept");
    await interruptGenerate(output, [], () => existsSync(join(output, "FBL_provenance.json")));
    const names = readdirSync(output);
    expect(names.filter((name) => name.startsWith("FBL_"))).toEqual([
      "FBL_provenance.json",
      "FBL_synthetic.npy",
    ]);
    expect(names.filter((name) => name.startsWith(".proteoscope"))).toEqual([]);
  });

  it("and leaves nothing where it is strict", async () => {
    const before = readdirSync(place.path);
    const output = join(place.path, "pictures");
    await interruptGenerate(output, ["--strict"], () =>
      readdirSync(output).some((name) => existsSync(join(output, name, "FBL_provenance.json"))),
    );
    expect(readdirSync(place.path)).toEqual(before);
  });
});
