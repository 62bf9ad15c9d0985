// A screen by two workers on PostgreSQL, one of which is killed every five seconds: every record once, and the files of a
// screen by one process.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readCsv } from "@proteoscope/formats";
import { openDatabase } from "@proteoscope/server";
import { findPostgres, startPostgres, type TestPostgres } from "@proteoscope/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../../testing/model-folder.ts";

const program = fileURLToPath(new URL("../../../bin/proteoscope.mjs", import.meta.url));
const killEveryMs = 5000;
const records = 500;
const children = new Set<ChildProcess>();
const residues = "ACDEFGHIKLMNPQRSTVWY";

let place: Workplace;
let postgres: TestPostgres | undefined;
beforeAll(async () => {
  place = createWorkplace();
  if (findPostgres() !== undefined) postgres = await startPostgres();
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await postgres?.stop();
  place.remove();
});

describe("a worker without a database", () => {
  it("says what is missing", async () => {
    const { exitCode, stderr } = await runWords(["worker"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/DATABASE_URL is not set/),
    });
  });
});

describe.skipIf(findPostgres() === undefined)(
  "two workers on PostgreSQL, one killed every five seconds",
  () => {
    const start = (...words: readonly string[]): ChildProcess => {
      const env = { ...process.env, DATABASE_URL: postgres!.url };
      const all = [program, ...words, "--model", place.model, "--device", "cpu"];
      const child = spawn(process.execPath, all, { stdio: "ignore", env });
      children.add(child);
      return child;
    };
    const filesOf = (folder: string) =>
      Object.fromEntries(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
          .map((path) => [path.slice(folder.length), readFileSync(path)]),
      );

    it("do every record once", async () => {
      const fasta = place.file(
        "many.fasta",
        Array.from({ length: records }, (_, index) => {
          const letters = Array.from({ length: 18 }, (_, i) => residues[(index * (i + 3) + i) % 20]).join("");
          return `>P${index}\n${index === 200 ? "J" : ""}MK${letters}\n`;
        }).join(""),
      );
      const [alone, shared] = [join(place.path, "alone"), join(place.path, "shared")];
      const words = ["screen", fasta, "--steps", "2", "--samples", "2"];
      expect((await runWords([...words, "-o", alone, "--model", place.model])).exitCode).toBe(3);

      const workers = [start("worker"), start("worker")];
      let [screen, kills, asked] = [start(...words, "-o", shared), 0, 0];
      let ended = once(screen, "exit");
      while (screen.exitCode === null) {
        await Promise.race([sleep(killEveryMs), ended]);
        if (screen.exitCode !== null) break;
        const index = kills++ === 2 ? 1 : 0; // on a slow machine the one that is killed does little more than start
        workers[index]!.kill("SIGKILL");
        workers[index] = start("worker");
        // Who asks is killed once as well, amid its results.
        const table = statSync(join(shared, "results.csv"), { throwIfNoEntry: false });
        if (asked === 0 && (table?.size ?? 0) > 10_000) {
          screen.kill("SIGKILL");
          await ended;
          asked++;
          screen = start(...words, "-o", shared);
          ended = once(screen, "exit");
        }
      }
      expect(screen.exitCode).toBe(3);
      expect(kills).toBeGreaterThanOrEqual(2);
      expect(asked).toBe(1);
      const rows = readCsv(readFileSync(join(shared, "results.csv"), "utf8"));
      expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: records }, (_, index) => `P${index}`));
      const [one, other] = [filesOf(alone), filesOf(shared)];
      expect(Object.keys(other).length).toBe(Object.keys(one).length);
      for (const [name, bytes] of Object.entries(one))
        expect(other[name] !== undefined && bytes.equals(other[name]), name).toBe(true);
      expect(existsSync(join(shared, "queue.json"))).toBe(false);

      // A worker that is asked to end does so; the other one may just have begun.
      const stopped = once(workers[1]!, "exit");
      workers[1]!.kill("SIGTERM");
      expect(await stopped).toEqual([0, null]);
      const database = await openDatabase(postgres!.url);
      const left = await database.query("select place from proteoscope.screen_result");
      await database.close();
      expect(left).toEqual([]);
      console.log(`${records} records, ${kills} workers killed`);
    });
  },
);
