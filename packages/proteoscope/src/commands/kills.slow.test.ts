// Commands that go on: whatever moments their process is killed at, twenty times, they end with the bytes of a run that was
// left alone.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, type Workplace } from "../testing/model-folder.ts";

const program = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
const kills = 20;
const residues = "ACDEFGHIKLMNPQRSTVWY";

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

/** A FASTA file in which one of 97 records is no protein. */
function writeRecords(count: number): string {
  const records = Array.from({ length: count }, (_, index) => {
    const letters = Array.from({ length: 18 }, (_, i) => residues[(index * (i + 3) + i) % 20]).join("");
    return `>P${index}\nMK${index % 97 === 5 ? "J" : ""}${letters}\n`;
  });
  return place.file(`${count}.fasta`, records.join(""));
}

function filesOf(folder: string): Record<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), readFileSync(path)]));
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const start = (words: readonly string[]): ChildProcess =>
  spawn(process.execPath, [program, ...words, "--device", "cpu"], { stdio: "ignore" });

async function exitCodeOf(words: readonly string[]): Promise<unknown> {
  return (await once(start(words), "exit"))[0];
}

/** Runs and kills twenty times; most kills come while `growing`, a file of the results so far, grows. */
async function killOften(words: readonly string[], growing: string): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const child = start(words);
    const ended = once(child, "exit");
    const before = sizeOf(growing);
    while (child.exitCode === null && kill % 7 !== 3 && sizeOf(growing) <= before) await sleep(5);
    await sleep((kill * 37) % 90);
    child.kill("SIGKILL");
    expect((await ended)[1], `it ended by itself before kill ${kill + 1}`).toBe("SIGKILL");
  }
}

function expectSameFiles(folder: string, expected: string): void {
  const [files, others] = [filesOf(folder), filesOf(expected)];
  expect(Object.keys(files)).toEqual(Object.keys(others));
  for (const [name, bytes] of Object.entries(files)) expect(bytes.equals(others[name]!), name).toBe(true);
}

describe("a command that is killed twenty times", { timeout: 600_000 }, () => {
  it("screens as if it had been left alone", async () => {
    const fasta = writeRecords(1500);
    const wordsTo = (output: string) => [
      "screen",
      fasta,
      "-o",
      output,
      "--steps",
      "1",
      "--model",
      place.model,
    ];
    const [alone, killed] = [join(place.path, "screen"), join(place.path, "killed-screen")];
    expect(await exitCodeOf(wordsTo(alone))).toBe(3);
    await killOften(wordsTo(killed), join(killed, "results.csv"));
    expect(sizeOf(join(killed, "results.csv"))).toBeLessThan(sizeOf(join(alone, "results.csv")));
    expect(await exitCodeOf(wordsTo(killed))).toBe(3);
    expectSameFiles(killed, alone);
  });

  it("embeds as if it had been left alone", async () => {
    const fasta = writeRecords(12_000);
    const wordsTo = (output: string) => ["embed", fasta, "-o", output, "--plm", place.model];
    const [alone, killed] = [join(place.path, "alone/x.zarr"), join(place.path, "killed/x.zarr")];
    expect(await exitCodeOf(wordsTo(alone))).toBe(3);
    await killOften(wordsTo(killed), join(place.path, "killed/x.zarr.parts/rows.bin"));
    expect(await exitCodeOf(wordsTo(killed))).toBe(3);
    expectSameFiles(join(place.path, "killed"), join(place.path, "alone"));
  });
});
