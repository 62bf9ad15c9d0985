// What event streams are given of a job: the newest state at each time, places in the queue, an end.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../api.ts";
import type { Database } from "../db/database.ts";
import { beginJob, cancelJob, deleteJob, findJob, finishJob, insertJob, reportJob } from "../db/jobs.ts";
import { openMemoryDatabase } from "../testing/memory-database.ts";
import { describeJob, eventsOf } from "./describe-job.ts";
import { type JobWatcher, openJobWatcher } from "./watch-jobs.ts";

let database: Database;
let watcher: JobWatcher;
beforeAll(async () => {
  database = await openMemoryDatabase();
});
afterAll(() => database.close());
beforeEach(() => {
  watcher = openJobWatcher(database);
});
afterEach(() => watcher.close());

const never = new AbortController().signal;

async function add(): Promise<string> {
  const id = randomUUID();
  const job = { id, queue: "q", kind: "scan", label: "A", request: {}, inputs: null, command: null };
  await insertJob(database, { ...job, digest: "", key: null });
  return id;
}

/** The states that a watcher gives, until the job has ended. */
async function watchToEnd(id: string, onState: (state: string, position: number | null) => Promise<void>) {
  for await (const job of watcher.watch(id, 1, never)) {
    await onState(job.state, job.position);
    if (job.finished !== null) return;
  }
}

describe("a watcher", () => {
  it("gives what changes, and leaves out what a slow reader was not ready for", async () => {
    const [id, run] = [await add(), randomUUID()];
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const job of watcher.watch(id, 1, never)) {
        seen.push((job.progress as { done?: number } | null)?.done ?? job.state);
        if (job.finished !== null) return;
        if (seen.length === 2) await sleep(700); // a slow reader
      }
    })();
    while (seen.length === 0) await sleep(20);
    await beginJob(database, id, run);
    while (seen.length === 1) await sleep(20);
    for (let done = 1; done <= 5; done++) {
      await reportJob(database, id, run, { progress: { done } });
      await sleep(60);
    }
    await sleep(600);
    await finishJob(database, id, run, { result: {} });
    await reading;
    expect(seen).toEqual(["queued", "running", 5, "done"]);
    expect(watcher.size).toBe(0);
  });

  it("gives the place in the queue as it changes", async () => {
    const [first, second] = [await add(), await add()];
    const places: unknown[] = [];
    const watching = watchToEnd(second, async (_, position) => void places.push(position));
    while (places.length === 0) await sleep(20);
    await cancelJob(database, first);
    while (places.length === 1) await sleep(20);
    await cancelJob(database, second);
    await watching;
    expect(places).toEqual([2, 1, null]);
  });

  it("ends with a job that is removed, with its signal, and when it is closed", async () => {
    const ids = [await add(), await add(), await add()];
    const controller = new AbortController();
    const endings: string[] = [];
    const watch = async (id: string, signal: AbortSignal, name: string) => {
      for await (const job of watcher.watch(id, (await findJob(database, id))!.version, signal)) void job;
      endings.push(name);
    };
    await cancelJob(database, ids[0]!);
    const all = [
      watch(ids[0]!, never, "removed"),
      watch(ids[1]!, controller.signal, "aborted"),
      watch(ids[2]!, never, "closed"),
    ];
    await sleep(200);
    expect(watcher.size).toBe(3);
    await deleteJob(database, ids[0]!);
    while (endings.length === 0) await sleep(20);
    controller.abort();
    while (endings.length === 1) await sleep(20);
    watcher.close();
    await Promise.all(all);
    expect(endings).toEqual(["removed", "aborted", "closed"]);
  });
});

describe("eventsOf", () => {
  it("leads from what was seen to what there is", async () => {
    const id = await add();
    const job = describeJob((await findJob(database, id))!);
    const names = (now: Partial<Job>, before?: Job) =>
      eventsOf({ ...job, ...now } as Job, before).map(([name]) => name);
    const progress = {
      phase: "p",
      done: 1,
      total: 2,
      unit: "s",
      note: null,
      ratePerSecond: null,
      etaSeconds: null,
    };
    expect(names({})).toEqual(["state"]);
    expect(names({}, job)).toEqual([]);
    expect(names({ queuePosition: 99 }, job)).toEqual(["state"]);
    expect(names({ progress }, job)).toEqual(["progress"]);
    expect(names({ state: "running", progress }, { ...job, progress } as Job)).toEqual(["state"]);
    const result = { cells: [], refused: [] };
    expect(names({ state: "done", result } as never, job)).toEqual(["state", "result"]);
    await cancelJob(database, id);
  });
});
