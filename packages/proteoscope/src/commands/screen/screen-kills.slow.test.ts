// A screen whose process is killed twenty times ends with the bytes of one that was left alone.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, type Workplace } from "../../testing/model-folder.ts";

const program = fileURLToPath(new URL("../../../bin/proteoscope.mjs", import.meta.url));
const kills = 20;
const residues = "ACDEFGHIKLMNPQRSTVWY";

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

function filesOf(folder: string): Record<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), readFileSync(path)]));
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

describe("a screen that is killed at any moment", () => {
  it("goes on, and ends with the bytes of one that was left alone", async () => {
    const records = Array.from({ length: 1500 }, (_, index) => {
      const bad = index % 97 === 5 ? "J" : "";
      return `>P${index}\nMK${bad}${Array.from({ length: 18 }, (_, i) => residues[(index * (i + 3) + i) % 20]).join("")}\n`;
    });
    const fasta = place.file("many.fasta", records.join(""));
    const start = (output: string): ChildProcess =>
      spawn(
        process.execPath,
        [program, "screen", fasta, "-o", output, "--steps", "1", "--model", place.model, "--device", "cpu"],
        { stdio: "ignore" },
      );
    const undisturbed = join(place.path, "undisturbed");
    const [code] = await once(start(undisturbed), "exit");
    expect(code).toBe(3);

    const disturbed = join(place.path, "disturbed");
    const table = join(disturbed, "results.csv");
    let cut = 0;
    for (let kill = 0; kill < kills; kill++) {
      const child = start(disturbed);
      const ended = once(child, "exit");
      const before = sizeOf(table);
      const isRunning = () => child.exitCode === null;
      // Some are killed while they start, most of them while they write.
      while (isRunning() && kill % 7 !== 3 && sizeOf(table) <= before) await sleep(5);
      await sleep((kill * 37) % 90);
      child.kill("SIGKILL");
      const [, signal] = await ended;
      if (signal === "SIGKILL") cut++;
    }
    expect(cut).toBe(kills);
    expect(sizeOf(table)).toBeLessThan(sizeOf(join(undisturbed, "results.csv")));
    const [last] = await once(start(disturbed), "exit");
    expect(last).toBe(3);
    const [one, other] = [filesOf(undisturbed), filesOf(disturbed)];
    expect(Object.keys(other)).toEqual(Object.keys(one));
    for (const [name, bytes] of Object.entries(one)) expect(bytes.equals(other[name]!), name).toBe(true);
  });
});
