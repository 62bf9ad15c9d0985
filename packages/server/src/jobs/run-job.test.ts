// Attempts at a job: what is noted while they go on, and what becomes of the job when they end.

import { setTimeout as sleep } from "node:timers/promises";
import { ProteoscopeError } from "@proteoscope/formats";
import type PgBoss from "pg-boss";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../db/database.ts";
import { cancelJob, findJob } from "../db/jobs.ts";
import { startBoss } from "../queue.ts";
import { openMemoryDatabase } from "../testing/memory-database.ts";
import { type JobQueue, openJobQueue } from "./job-queue.ts";
import { type JobWork, jobSource, openMeter, ProcessEndedError } from "./run-job.ts";
import { takeJobs } from "./take-jobs.ts";

let database: Database;
let boss: PgBoss;
let queue: JobQueue;
beforeAll(async () => {
  database = await openMemoryDatabase();
  boss = await startBoss(database);
});
afterAll(async () => {
  await boss.stop({ graceful: false, wait: true });
  await database.close();
});
let queues = 0;
beforeEach(async () => {
  queue = await openJobQueue(database, boss, `page-${queues++}`, true);
});

const asked = { kind: "scan", label: "FBL", request: { a: 1 }, inputs: null, command: null, key: null };
const submit = async () => (await queue.submit(asked)).id;

/** Takes jobs with this work until `until` holds for the job. */
async function work(run: JobWork["run"], id: string, until: (state: string) => boolean, states?: string[]) {
  const stop = new AbortController();
  const source = jobSource(database, queue.name, { run }, (state) => states?.push(state));
  const taking = takeJobs(database, boss, [source], { signal: stop.signal });
  for (;;) {
    const job = await findJob(database, id);
    if (job === undefined || until(job.state)) break;
    await sleep(20);
  }
  stop.abort();
  await taking;
  return (await findJob(database, id))!;
}

it("is looked for at once where this process sends it", async () => {
  const stop = new AbortController();
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const source = { name: queue.name, run: async () => begin() };
  const options = { signal: stop.signal, watchSent: queue.watchSent, idleMs: 3_600_000 };
  const taking = takeJobs(database, boss, [source], options);
  await sleep(50); // by then nothing was found
  await submit();
  await begun;
  stop.abort();
  await taking;
});

const isOver = (state: string) => state !== "queued" && state !== "running";

describe("a job", () => {
  it("is done once, with what it said meanwhile", async () => {
    const id = await submit();
    const states: string[] = [];
    let begun = 0;
    const job = await work(
      async ({ request }, { onProgress, onPreview }) => {
        begun++;
        onProgress({ phase: "p", done: 1, total: 2, unit: "steps" });
        onPreview({ image: "/api/v1/files/a.png" });
        await sleep(300);
        return { result: { of: request }, thumbnail: "t" };
      },
      id,
      isOver,
      states,
    );
    expect(job).toMatchObject({ state: "done", attempts: 1, result: { of: { a: 1 } }, thumbnail: "t" });
    expect(job.preview).toEqual({ image: "/api/v1/files/a.png" });
    expect([begun, states]).toEqual([1, ["done"]]);
    expect(job.version).toBeGreaterThan(2);
  });

  it("fails with the reason where the library foresaw it, and is not tried again", async () => {
    const id = await submit();
    const error = new ProteoscopeError("no such window", { kind: "usage", field: "windowResidues" });
    const job = await work(() => Promise.reject(error), id, isOver);
    expect(job).toMatchObject({ state: "failed", attempts: 1 });
    expect(job.error).toMatchObject({ detail: "no such window", field: "windowResidues" });
  });

  it("is tried again where its process ends, five times", async () => {
    const id = await submit();
    let begun = 0;
    const once = await work(
      async () => {
        if (begun++ === 0) throw new ProcessEndedError("killed");
        return { result: {} };
      },
      id,
      isOver,
    );
    expect(once).toMatchObject({ state: "done", attempts: 2 });
    const other = await submit();
    begun = 0;
    const never = await work(
      () => {
        begun++;
        return Promise.reject(new ProcessEndedError("killed"));
      },
      other,
      isOver,
    );
    expect([never.state, begun]).toEqual(["failed", 5]);
  });

  it("is given up where it is cancelled, and keeps its last preview", async () => {
    const id = await submit();
    let reason: unknown;
    const job = await work(
      async (_, { onPreview }, signal) => {
        onPreview({ image: "/api/v1/files/b.png" });
        await sleep(400);
        expect(await cancelJob(database, id)).toBe(true);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        reason = signal.reason;
        throw signal.reason;
      },
      id,
      isOver,
    );
    expect(job).toMatchObject({ state: "cancelled", preview: { image: "/api/v1/files/b.png" } });
    expect(reason).toBeInstanceOf(Error);
  });

  it("waits for the next server where this one ends, and the attempt does not count", async () => {
    const id = await submit();
    const job = await work(
      async (_, __, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        throw signal.reason;
      },
      id,
      (state) => state === "running",
    );
    expect(job).toMatchObject({ state: "queued", attempts: 0 });
    const done = await work(async () => ({ result: {} }), id, isOver);
    expect(done).toMatchObject({ state: "done", attempts: 1 });
  });

  it("that was cancelled before it began is not begun", async () => {
    const [id, next] = [await submit(), await submit()];
    await cancelJob(database, id);
    const begun: unknown[] = [];
    await work(
      async (job) => {
        begun.push(job);
        return { result: {} };
      },
      next,
      isOver,
    );
    expect(begun).toHaveLength(1);
  });
});

describe("a queue that is opened again", () => {
  it("sends what was at work when its process ended, and what was not sent", async () => {
    const [running, unsent, waiting] = [await submit(), await submit(), await submit()];
    const [fetched] = await boss.fetch(queue.name);
    expect(fetched!.id).toBe(running);
    await database.query("update proteoscope.job set state = 'running', attempts = 1 where id = $1", [
      running,
    ]);
    await boss.deleteJob(queue.name, unsent);
    queue = await openJobQueue(database, boss, queue.name, true);
    expect(await findJob(database, running)).toMatchObject({ state: "queued", attempts: 1, position: 1 });
    const done: unknown[] = [];
    const run: JobWork["run"] = async () => ({ result: {} });
    for (const id of [running, unsent, waiting]) done.push((await work(run, id, isOver)).state);
    expect(done).toEqual(["done", "done", "done"]);
  });
});

describe("openMeter", () => {
  it("measures rate and remaining time of each phase by itself", () => {
    let ms = 0;
    const meter = openMeter(() => ms);
    const event = { phase: "a", total: 10, unit: "steps" };
    expect(meter({ ...event, done: 2 })).toMatchObject({ ratePerSecond: null, etaSeconds: null, note: null });
    ms = 2000;
    expect(meter({ ...event, done: 6, note: "FBL" })).toMatchObject({
      ratePerSecond: 2,
      etaSeconds: 2,
      note: "FBL",
    });
    expect(meter({ ...event, phase: "b", done: 1 })).toMatchObject({ ratePerSecond: null });
    ms = 3000;
    expect(meter({ ...event, phase: "b", done: 2, total: Infinity })).toMatchObject({
      ratePerSecond: 1,
      etaSeconds: null,
    });
  });
});
