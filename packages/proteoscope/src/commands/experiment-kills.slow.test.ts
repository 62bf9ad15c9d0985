// Experiments are killed again and again, each time when a few more parts are finished, and end in the files of an undisturbed
// run, byte for byte.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, type Workplace } from "../testing/model-folder.ts";

const bin = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
const kills = 20;

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => place.remove());

const partsIn = (output: string): number => {
  const folder =
    existsSync(output) && readdirSync(output).find((name) => name.startsWith(".proteoscope-parts"));
  return folder ? readdirSync(join(output, folder)).filter((name) => name.endsWith(".npy")).length : 0;
};

const start = (words: readonly string[], output: string) => {
  const child = spawn(
    process.execPath,
    [bin, ...words, "--model", place.model, "--device", "cpu", "-o", output],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return { child, exit: once(child, "close"), messages: () => stderr };
};

/** Ends the process by a signal when so many parts are there. */
async function endAt(run: ReturnType<typeof start>, output: string, parts: number, signal: NodeJS.Signals) {
  while (run.child.exitCode === null && partsIn(output) < parts) await wait(2);
  run.child.kill(signal);
  return run.exit;
}

describe.skipIf(process.platform === "win32")("an experiment", () => {
  const cells = ["--samples", "1", "--nuclei", "1", "--steps", "15"];
  const deletions = Array.from({ length: 24 }, (_, at) => `del:${2 + 2 * at}-${8 + 2 * at}`);
  const experiments = {
    scan: { words: ["COX8A", "--window", "10", "--stride", "1", "--images"], files: 4 },
    mutate: { words: ["COX8A", ...deletions, "--draws", "20"], files: 3 },
  };

  it.each(Object.entries(experiments))(
    `%s that is killed ${kills} times ends in the files of an undisturbed run`,
    async (command, { words, files }) => {
      const experiment = [command, ...words, ...cells];
      const [undisturbed, killed] = [
        join(place.path, `${command}-whole`),
        join(place.path, `${command}-killed`),
      ];
      expect(await start(experiment, undisturbed).exit).toEqual([0, null]);
      for (let kill = 0; kill < kills; kill++) {
        const before = partsIn(killed);
        expect(await endAt(start(experiment, killed), killed, before + 1 + (kill % 2), "SIGKILL")).toEqual([
          null,
          "SIGKILL",
        ]);
        expect(partsIn(killed)).toBeGreaterThan(before);
      }
      const last = start(experiment, killed);
      expect(await last.exit).toEqual([0, null]);
      expect(last.messages()).toMatch(/^going on from \d+ parts of an earlier run\n/);
      const names = readdirSync(undisturbed);
      expect(names).toHaveLength(files);
      expect(readdirSync(killed)).toEqual(names);
      for (const name of names)
        expect(readFileSync(join(killed, name)).equals(readFileSync(join(undisturbed, name)))).toBe(true);
    },
    600_000,
  );

  it("that is interrupted ends with code 130, says that its parts are kept, and goes on from them", async () => {
    const output = join(place.path, "interrupted");
    const mutate = ["mutate", "COX8A", "del:2-25", "keep:1-25", "L4P", ...cells];
    const run = start(mutate, output);
    expect(await endAt(run, output, 3, "SIGINT")).toEqual([130, null]);
    expect(run.messages()).toMatch(
      /\d+ parts are kept: the same command goes on from them\nproteoscope: interrupted\n$/,
    );
    const again = start(mutate, output);
    expect(await again.exit).toEqual([0, null]);
    expect(again.messages()).toMatch(/^going on from \d+ parts/);
    expect(readdirSync(output)).toHaveLength(3);
  }, 120_000);
});
