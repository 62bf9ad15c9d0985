// The server as a process of its own, killed while it works: every job is done once, on the embedded database and on
// PostgreSQL.

import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, JobSummary } from "./api.ts";
import { openDatabase } from "./db/database.ts";
import { filesFolder } from "./serve.ts";
import { findPostgres, startPostgres, type TestPostgres } from "./testing/postgres.ts";
import { spawnTestWorker } from "./testing/spawn-worker.ts";
import { killProcess, type ServerProcess, spawnServer, startServerProcess } from "./testing/start-server.ts";

vi.setConfig({ testTimeout: 1_800_000 });

const children = new Set<ChildProcess>();
let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "proteoscope-serve-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await sleep(500); // workers notice that their server is gone
  await rm(data, { recursive: true, force: true });
});

async function startServer(port = 0, databaseUrl?: string): Promise<ServerProcess> {
  const server = await startServerProcess(data, port, databaseUrl);
  server.child.stderr!.pipe(process.stderr);
  children.add(server.child);
  return server;
}

async function kill(child: ChildProcess): Promise<void> {
  await killProcess(child);
  children.delete(child);
}

/** Asks for a job, again where the server was killed meanwhile: the key makes it one job. */
async function submit(url: string, index: number): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/jobs`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": `job-${index}` },
      body: JSON.stringify({
        kind: "generate",
        request: {
          proteins: [{ id: `P${index}`, sequence: "MKTAYIAKQRQISFVKSHFS" }],
          ...{ nuclei: ["library:0"], samples: 1, steps: 2, seed: index },
        },
      }),
    }).catch(() => undefined);
    if (response?.status === 202) return;
    await sleep(200);
  }
}

/** All jobs; undefined where the server does not answer. */
async function list(url: string): Promise<JobSummary[] | undefined> {
  const jobs: JobSummary[] = [];
  let next: number | null = 2 ** 31 - 1;
  while (next !== null) {
    const response: Response | undefined = await fetch(`${url}/api/v1/jobs?limit=200&cursor=${next}`).catch(
      () => undefined,
    );
    if (response?.status !== 200) return undefined;
    const page = (await response.json()) as { jobs: JobSummary[]; next: number | null };
    jobs.push(...page.jobs);
    next = page.next;
  }
  return jobs;
}

/** Every job is done, with a result of its own whose files are there. */
async function expectAllOnce(url: string, count: number): Promise<void> {
  const jobs = (await list(url))!;
  expect(jobs.filter(({ state }) => state !== "done").map(({ label, state }) => `${label} ${state}`)).toEqual(
    [],
  );
  expect(new Set(jobs.map(({ label }) => label)).size).toBe(count);
  expect(jobs).toHaveLength(count);
  const pictures = new Set<string>();
  for (const { id, label } of jobs) {
    const job = (await (await fetch(`${url}/api/v1/jobs/${id}`)).json()) as Job;
    const { cells } = job.result as Extract<Job, { kind: "generate" }>["result"] & object;
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({ protein: label, seed: Number(label.slice(1)) });
    const { protein, composite } = cells[0]!.samples[0]!;
    pictures.add(protein);
    expect((await fetch(url + composite)).status).toBe(200);
  }
  expect(pictures.size).toBe(count);
}

async function waitForAll(url: () => string, count: number): Promise<void> {
  for (;;) {
    const jobs = await list(url());
    const ended = jobs?.filter(({ finished }) => finished !== null).length ?? 0;
    if (jobs?.length === count && ended === count) return;
    await sleep(500);
  }
}

describe("a server with the embedded database", () => {
  it("refuses a second one on its data, by name", async () => {
    await startServer();
    const other = spawnServer(data);
    let text = "";
    other.stderr!.on("data", (chunk) => (text += chunk));
    const [code] = await once(other, "exit");
    expect(code).not.toBe(0);
    expect(text).toMatch(/database is in use by process \d+ on /);
  });

  it("does every job once although it is killed twenty times", async () => {
    const count = 200;
    let server = await startServer();
    let submitted = 0;
    const submitting = (async () => {
      for (; submitted < count; submitted++) await submit(server.url, submitted);
    })();
    const doneOf = async () => (await list(server.url))?.filter(({ state }) => state === "done").length ?? 0;
    for (let kills = 0; kills < 20; kills++) {
      // A few jobs are done between two kills, however slow the machine is.
      const before = await doneOf();
      while ((await doneOf()) < Math.min(before + 3, count - 1)) await sleep(200);
      await kill(server.child);
      server = await startServer(server.port);
    }
    await submitting;
    await waitForAll(() => server.url, count);
    await expectAllOnce(server.url, count);
    const attempts = (await list(server.url))!.map((job) => job.attempts);
    console.log(`20 kills, ${attempts.filter((one) => one > 1).length} jobs begun again`);
    expect((await readdir(join(filesFolder(data), "incoming"))).length).toBeLessThanOrEqual(20);
  });

  it("goes on at once where its worker is killed, and where it is asked to end", async () => {
    let server = await startServer();
    for (let index = 0; index < 10; index++) await submit(server.url, index);
    const pids = execFileSync("pgrep", ["-P", String(server.child.pid)], { encoding: "utf8" });
    const worker = pids.split("\n")[0];
    process.kill(Number(worker), "SIGKILL");
    await sleep(1000);
    const ended = once(server.child, "exit");
    server.child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    server = await startServer(server.port);
    await waitForAll(() => server.url, 10);
    await expectAllOnce(server.url, 10);
  });
});

describe.skipIf(findPostgres() === undefined)("a server and two workers on PostgreSQL", () => {
  let postgres: TestPostgres | undefined;
  beforeEach(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => postgres?.stop());

  it("do two hundred jobs once while a worker is killed every five seconds", async () => {
    const count = 200;
    const { url } = await startServer(0, postgres!.url);
    const workers = [0, 1].map(() => spawnTestWorker(data, postgres!.url));
    for (const worker of workers) children.add(worker);
    let isDone = false;
    let kills = 0;
    const killing = (async () => {
      while (!isDone) {
        await sleep(5000);
        const turn = kills++ % 2;
        workers[turn]!.kill("SIGKILL");
        workers[turn] = spawnTestWorker(data, postgres!.url);
        children.add(workers[turn]!);
      }
    })();
    for (let index = 0; index < count; index++) await submit(url, index);
    await waitForAll(() => url, count);
    isDone = true;
    await killing;
    await expectAllOnce(url, count);
    const database = await openDatabase(postgres!.url);
    const rows = await database.query<{ attempts: number }>("select attempts from proteoscope.job");
    await database.close();
    console.log(`${kills} kills, ${rows.filter(({ attempts }) => attempts > 1).length} jobs begun again`);
  });
});
