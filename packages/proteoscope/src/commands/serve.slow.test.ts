// `proteoscope serve` as users run it: it says where it is, does a job with a worker of its own, and ends when it is asked to.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readNpy } from "@proteoscope/formats";
import { readModel } from "@proteoscope/microscope";
import { openFolder } from "@proteoscope/models/node";
import { jobQueueName, openDatabase, openJobQueue, openQueue } from "@proteoscope/server";
import type { GenerateResult, Job } from "@proteoscope/server/api";
import { findPostgres, startPostgres } from "@proteoscope/server/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorkplace, runWords, type Workplace } from "../testing/model-folder.ts";

const program = fileURLToPath(new URL("../../bin/proteoscope.mjs", import.meta.url));
const children: ChildProcess[] = [];

let place: Workplace;
beforeAll(() => {
  place = createWorkplace();
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  place.remove();
});

function start(...words: readonly string[]): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env;
  const all = [program, "serve", "--model", place.model, "--device", "cpu", "--open", "no", ...words];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"], env });
  children.push(child);
  return child;
}

/** What a server prints when it listens: a line, or a document of several. */
async function firstOutput(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout!)) {
    lines.push(line);
    if (lines[0] !== "{" || line === "}") break;
  }
  return lines.join("\n");
}

describe("serve", () => {
  it("refuses what it cannot take", async () => {
    const refused = async (...words: string[]) => {
      const { exitCode, stderr } = await runWords(["serve", "--model", place.model, ...words]);
      return [exitCode, stderr];
    };
    expect(await refused("--port", "70000")).toEqual([2, expect.stringMatching(/port/)]);
    expect(await refused("--origin", "lab")).toEqual([2, expect.stringMatching(/--origin is an address/)]);
    expect(await refused("--open", "maybe")).toEqual([2, expect.stringMatching(/open/)]);
  });

  it("does a job, keeps it, and ends when it is asked to", async () => {
    const data = join(place.path, "data");
    const words = ["--port", "0", "--data", data, "--token", "word"];
    let child = start(...words, "--json");
    const { url, pid } = JSON.parse(await firstOutput(child)) as { url: string; pid: number };
    expect(pid).toBe(child.pid);
    expect(new URL(url).search).toBe("?token=word");
    const { origin } = new URL(url);
    const headers = { authorization: "Bearer word", "content-type": "application/json" };
    const ask = async (path: string, init: RequestInit = {}) => fetch(origin + path, { ...init, headers });
    expect((await fetch(`${origin}/api/v1/jobs`)).status).toBe(401);
    const proteins = [{ id: "mine", sequence: "MKTAYIAKQRQISFVKSHFS" }];
    const request = { proteins, nuclei: ["library:1"], samples: 2, steps: 2, seed: 3 };
    const body = JSON.stringify({ kind: "generate", request });
    const { id } = (await (await ask("/api/v1/jobs", { method: "POST", body })).json()) as Job;
    const look = async () => (await (await ask(`/api/v1/jobs/${id}`)).json()) as Job;
    while ((await look()).state !== "done") await sleep(200);

    // The command of the job makes the same image.
    const job = await look();
    const output = join(place.path, "same");
    const more = ["--model", place.model, "--device", "cpu", "--format", "npy", "-o", output];
    const run = await runWords([...job.command!.split(" ").slice(1), ...more]);
    expect(run).toMatchObject({ exitCode: 0 });
    const { data: stack } = readNpy(readFileSync(join(output, "sequence_synthetic.npy")));
    const { samples } = (job.result as GenerateResult).cells[0]!;
    const plane = new Float32Array(await (await ask(samples[1]!.protein)).arrayBuffer());
    expect(stack.slice(3 * plane.length, 4 * plane.length)).toEqual(plane);

    const second = start("--port", "0", "--data", data);
    let text = "";
    second.stderr!.on("data", (chunk) => (text += chunk));
    expect((await once(second, "exit"))[0]).toBe(2);
    expect(text).toMatch(/is in use by process \d+/);

    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    child = start("--port", new URL(url).port, "--data", data, "--token", "word");
    expect(await firstOutput(child)).toBe(`proteoscope is at ${url}`);
    expect(await look()).toMatchObject({ state: "done", result: { cells: [{ protein: "mine" }] } });
    const last = once(child, "exit");
    child.kill("SIGINT");
    expect(await last).toEqual([0, null]);
  });

  it("shows the built page where the installation has one", async () => {
    const { findPage } = await import("../page-folder.ts");
    const notices: string[] = [];
    const signal = new AbortController().signal;
    const find = () => findPage({ signal, onNotice: (line) => notices.push(line) });
    const page = await find();
    expect(readFileSync(join(page!, "index.html"), "utf8")).toMatch(/<title>proteoscope/);
    expect(await find()).toBe(page);
    expect(notices.length).toBeLessThanOrEqual(1); // it is built once
  });
});

describe.skipIf(findPostgres() === undefined)("worker --data", () => {
  it("does the jobs of a server that is elsewhere", async () => {
    const postgres = await startPostgres();
    try {
      const data = join(place.path, "shared");
      const { checksums } = await readModel(openFolder(place.model));
      const database = await openDatabase(postgres.url);
      const { boss, close } = await openQueue(database, "screen-other");
      const queue = await openJobQueue(database, boss, jobQueueName(checksums), false);
      const protein = { id: "mine", sequence: "MKTAYIAKQRQISFVKSHFS" };
      const request = { protein, windowResidues: 5, strideResidues: 5, mode: "delete", seed: 0, draws: 20 };
      const { id } = await queue.submit({
        ...{ kind: "scan", label: "mine", request, inputs: null, command: null, key: null },
      });
      const worker = spawn(
        process.execPath,
        [program, "worker", "--data", data, "--model", place.model, "--device", "cpu"],
        { stdio: "ignore", env: { ...process.env, DATABASE_URL: postgres.url } },
      );
      children.push(worker);
      const state = async () =>
        (await database.query<{ state: string }>("select state from proteoscope.job where id = $1", [id]))[0]!
          .state;
      while (["queued", "running"].includes(await state())) await sleep(200);
      expect(await state()).toBe("done");
      const ended = once(worker, "exit");
      worker.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
      await close();
      await database.close();
    } finally {
      await postgres.stop();
    }
  });
});
