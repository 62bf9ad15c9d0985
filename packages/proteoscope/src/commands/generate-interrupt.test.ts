import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createWorkplace, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 120_000 });

const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

it.skipIf(process.platform === "win32")(
  "generate ends with code 130 at an interrupt and leaves nothing, not even what was drawn by then",
  async () => {
    const before = readdirSync(place.path);
    const output = join(place.path, "pictures");
    // The first protein is soon done, all of them are never.
    const proteins = ["FBL", ...Array.from({ length: 500 }, () => "NPM1")];
    const options = ["--samples", "1", "--steps", "200", "--format", "npy", "--model", place.model];
    const words = [...proteins, ...options];
    const child = spawn(process.execPath, [bin, "generate", ...words, "-o", output], {
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
    const isStaged = () =>
      existsSync(output) &&
      readdirSync(output).some((name) => existsSync(join(output, name, "FBL_provenance.json")));
    while (!isStaged() && child.exitCode === null) await wait(20);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^(generate {2}\d+\/100200 steps .*\n)*proteoscope: interrupted\n$/);
    expect(readdirSync(place.path)).toEqual(before);
  },
);
