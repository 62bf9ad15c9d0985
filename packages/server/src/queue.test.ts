import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type Microscope, openMicroscope, readModel } from "@proteoscope/microscope";
import { type ScreenInput, type ScreenResult, screenProteins } from "@proteoscope/microscope/experiments";
import { randomModelFiles } from "@proteoscope/microscope/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Database, openDatabase } from "./db/database.ts";
import { findAbandonedJobs, touchWorker } from "./db/workers.ts";
import { openQueue, type Queue, queueName } from "./queue.ts";
import { findPostgres, startPostgres, type TestPostgres } from "./testing/postgres.ts";
import { runWorker } from "./worker.ts";

vi.setConfig({ testTimeout: 60_000 });

const request = { images: null };
const inputsOf = (count: number, from = 0): ScreenInput[] =>
  Array.from({ length: count }, (_, index) => ({
    record: {
      id: `P${from + index}`,
      sequence: `MKTA${"YW".repeat(1 + (index % 5))}`,
      file: "f",
      line: index,
    },
  }));
async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const idsOf = (results: readonly ScreenResult[]) =>
  results.map(({ done, refused }) => (done?.record ?? refused!).id);

describe("the name of a queue", () => {
  it("is that of a model's files, in any order", () => {
    const name = queueName({ a: "1", b: "2" });
    expect(name).toMatch(/^screen-[0-9a-f]{16}$/);
    expect(queueName({ b: "2", a: "1" })).toBe(name);
    expect(queueName({ a: "1", b: "3" })).not.toBe(name);
  });
});

describe.skipIf(findPostgres() === undefined)("a queue on PostgreSQL", () => {
  let postgres: TestPostgres;
  let database: Database;
  let queue: Queue;
  let runtime: Runtime;
  let microscope: Microscope;
  beforeAll(async () => {
    postgres = await startPostgres();
    database = await openDatabase(postgres.url);
    queue = await openQueue(database, "screen-test");
    runtime = await openRuntime({ device: "cpu", threads: 1 });
    microscope = openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles(), "tiny")));
  });
  afterAll(async () => {
    await runtime?.close();
    await queue?.close();
    await database?.close();
    await postgres?.stop();
  });

  /** Runs a worker while `work` goes on. */
  async function withWorker<T>(work: () => Promise<T>, onRecords?: (done: number) => void): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const running = runWorker(database, queue, { microscope, signal, ...(onRecords && { onRecords }) });
    try {
      return await work();
    } finally {
      controller.abort();
      await running;
    }
  }
  const count = async (table: string) =>
    Number((await database.query<{ count: string }>(`select count(*) from proteoscope.${table}`))[0]!.count);

  /** Takes the job of a screen as a worker would. */
  async function fetchJobOf(screen: string): Promise<{ readonly id: string }> {
    for (;;) {
      const [job] = await queue.boss.fetch<{ screen: string }>(queue.name);
      if (job?.data.screen === screen) return job;
      if (job !== undefined) await queue.boss.complete(queue.name, job.id); // left by another test
      await sleep(20);
    }
  }

  it("may be opened by many processes at once", async () => {
    const databases = await Promise.all(Array.from({ length: 5 }, () => openDatabase(postgres.url)));
    const queues = await Promise.all(
      databases.map((each, index) => openQueue(each, `screen-many-${index % 2}`)),
    );
    expect(new Set((await queue.boss.getQueues()).map(({ name }) => name)).size).toBeGreaterThanOrEqual(3);
    for (const each of queues) await each.close();
    for (const each of databases) await each.close();
  });

  it("gives the results that this process would, in the order of the records, and keeps none", async () => {
    const inputs = inputsOf(40);
    inputs[20] = { refused: { id: "bad", file: "f", line: 3, reason: "no residue" } };
    inputs[21] = { record: { id: "J", sequence: "MKJT", file: "f" } };
    const here = await collect(screenProteins({ encoder: microscope }, inputs));
    const done: number[] = [];
    const id = randomUUID();
    const there = await withWorker(
      () => collect(queue.screen({ id, request, first: 0 }, stream(inputs))),
      (number) => done.push(number),
    );
    expect(there).toEqual(JSON.parse(JSON.stringify(here)));
    expect(done).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect([await count("screen"), await count("screen_result"), await count("worker")]).toEqual([0, 0, 0]);
  });

  it("goes on where a process that asked was killed, with what workers did meanwhile", async () => {
    const inputs = inputsOf(50);
    const id = randomUUID();
    const done: number[] = [];
    await withWorker(
      async () => {
        const first = queue.screen({ id, request, first: 0 }, stream(inputs));
        const got = [];
        for await (const result of first) if (got.push(result) === 21) break;
        expect(idsOf(got)).toEqual(
          idsOf(await collect(screenProteins({ encoder: microscope }, inputs.slice(0, 21)))),
        );
        const rest = await collect(queue.screen({ id, request, first: 20 }, stream(inputs.slice(20))));
        expect(idsOf(rest)).toEqual(inputs.slice(20).map((input) => input.record!.id));
      },
      (number) => done.push(number),
    );
    expect(done.length).toBeGreaterThanOrEqual(50);
    expect(await count("screen_result")).toBe(0);
  });

  it("gives a job of a worker that fell silent to another, and a record one result", async () => {
    const id = randomUUID();
    const silent = randomUUID();
    const results = collect(queue.screen({ id, request, first: 0 }, stream(inputsOf(3))));
    const job = await fetchJobOf(id);
    await touchWorker(database, silent, job.id);
    expect(await findAbandonedJobs(database, queue.name)).toEqual([]);
    await database.query("update pgboss.job set started_on = now() - interval '11 seconds'");
    expect(await findAbandonedJobs(database, queue.name)).toEqual([]); // it lives
    await database.query("update proteoscope.worker set seen = now() - interval '11 seconds'");
    expect(await findAbandonedJobs(database, queue.name)).toEqual([job.id]);
    expect(idsOf(await withWorker(() => results))).toEqual(["P0", "P1", "P2"]);
    await database.query("delete from proteoscope.worker");
  });

  it("reports who waits when nobody works, and stops where it is aborted", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onSilence = vi.fn(() => controller.abort());
    const results = collect(
      queue.screen({ id: randomUUID(), request, first: 0 }, stream(inputsOf(2)), {
        signal,
        onSilence,
        silenceMs: 300,
      }),
    );
    await expect(results).rejects.toThrow(/aborted/);
    expect(onSilence).toHaveBeenCalledTimes(1);
  });

  it("refuses the records of a job that failed too often", async () => {
    const id = randomUUID();
    const results = collect(
      queue.screen({ id, request, first: 0 }, stream(inputsOf(2)), { silenceMs: 1000 }),
    );
    await sleep(500);
    await database.query("update pgboss.job set state = 'failed', output = $1 where name = $2", [
      JSON.stringify({ message: "out of memory" }),
      queue.name,
    ]);
    const reasons = (await results).map(({ refused }) => refused!.reason);
    expect(reasons).toEqual(Array(2).fill("its job failed 21 times: out of memory"));
  });

  it("names the database that does not answer, without the password", async () => {
    const refused = openDatabase("postgresql://me:secret@127.0.0.1:1/none");
    await expect(refused).rejects.toThrow(/^127\.0\.0\.1:1\/none: connect ECONNREFUSED/);
  });
});
