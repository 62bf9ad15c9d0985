import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readCsv } from "@proteoscope/formats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorkplace, fieldOfNuclei, tiffOf, type Workplace } from "../testing/model-folder.ts";

vi.setConfig({ testTimeout: 120_000 });

const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

/** Starts the command, interrupts it when `isReady`, and resolves to what is left. */
async function interrupt(words: readonly string[], output: string, isReady: () => boolean) {
  const child = spawn(process.execPath, [bin, "generate", ...words, "--model", place.model, "-o", output], {
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
  while (!isReady() && child.exitCode === null) await wait(20);
  child.kill("SIGINT");
  expect(await exit).toEqual([130, null]);
  expect(stdout).toBe("");
  expect(stderr.trim().split("\n").at(-1)).toBe("proteoscope: interrupted");
}

// The first protein is soon done, all of them are never.
const proteins = ["FBL", ...Array.from({ length: 500 }, () => "NPM1")];
const endless = [...proteins, "--samples", "1", "--steps", "200", "--format", "npy"];

describe.skipIf(process.platform === "win32")("generate ends with code 130 at an interrupt", () => {
  it("and leaves the proteins that are finished, whole", async () => {
    const output = join(place.path, "pictures");
    const isDone = () => existsSync(join(output, "FBL_provenance.json"));
    await interrupt(endless, output, isDone);
    const names = readdirSync(output);
    expect(names).toContain("FBL_synthetic.npy");
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
    for (const name of names)
      expect(names).toContain(name.replace(/(_synthetic.npy|_provenance.json)$/, "_synthetic.npy"));
  });

  it("and leaves nothing where the run is strict, not even what was drawn by then", async () => {
    const before = readdirSync(place.path);
    const output = join(place.path, "strict");
    const isStaged = () =>
      existsSync(output) &&
      readdirSync(output).some((name) => existsSync(join(output, name, "FBL_provenance.json")));
    await interrupt([...endless, "--strict"], output, isStaged);
    expect(readdirSync(place.path)).toEqual(before);
  });

  it("and leaves a field with the cells that are finished", async () => {
    const centres = Array.from({ length: 12 }, (_, i) => ({
      x: 12 + 25 * (i % 4),
      y: 13 + 26 * Math.floor(i / 4),
    }));
    const image = place.file("nuclei.tif", tiffOf(fieldOfNuclei(centres)));
    const output = join(place.path, "field");
    const words = ["FBL", "--nucleus", image, "--steps", "600", "--format", "npy", "--crops"];
    const isStaged = () =>
      existsSync(output) &&
      readdirSync(output).some((name) => existsSync(join(output, name, "FBL_nucleus7_provenance.json")));
    await interrupt(words, output, isStaged);
    const record = JSON.parse(readFileSync(join(output, "FBL_field_provenance.json"), "utf8"));
    expect(record.field).toMatchObject({ nuclei: 12, drawn: 8 });
    const crops = readdirSync(output).filter((name) => /^FBL_nucleus\d+_synthetic.npy$/.test(name));
    expect(crops).toHaveLength(8);
    const table = readCsv(readFileSync(join(output, "FBL_field_nuclei.csv")));
    expect(table.filter(({ status }) => status === "drawn")).toHaveLength(8);
  });
});
