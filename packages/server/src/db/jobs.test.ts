// One SQL on both databases.

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openMemoryDatabase } from "../testing/memory-database.ts";
import { findPostgres, startPostgres, type TestPostgres } from "../testing/postgres.ts";
import { type Database, openDatabase } from "./database.ts";
import {
  beginJob,
  cancelJob,
  countJobs,
  deleteEndedJobs,
  deleteJob,
  findChangedJobs,
  findJob,
  findJobByKey,
  finishJob,
  insertJob,
  listJobs,
  reportJob,
  requeueJob,
  requeueJobs,
} from "./jobs.ts";
import { countWorkers, deleteAllWorkers, touchWorker } from "./workers.ts";

const databases = ["PGlite", ...(findPostgres() === undefined ? [] : ["PostgreSQL"])];

describe.each(databases)("jobs in %s", (kind) => {
  let postgres: TestPostgres | undefined;
  let database: Database;
  beforeAll(async () => {
    if (kind === "PostgreSQL") postgres = await startPostgres();
    database = postgres === undefined ? await openMemoryDatabase() : await openDatabase(postgres.url);
  });
  afterAll(async () => {
    await database?.close();
    await postgres?.stop();
  });
  beforeEach(() => database.query("delete from proteoscope.job").then(() => undefined));

  const add = async (changes: object = {}): Promise<string> => {
    const id = randomUUID();
    const request = { b: 1, a: [2] };
    const job = {
      id,
      queue: "q",
      kind: "scan",
      label: "FBL",
      request,
      inputs: null,
      command: null,
      digest: "d",
    };
    await insertJob(database, { ...job, key: null, ...changes });
    return id;
  };

  it("are what was asked, in its own order, and wait in the order of their time", async () => {
    const [first, second] = [await add(), await add({ kind: "mutate", label: "TP53" })];
    const job = await findJob(database, first);
    expect(job).toMatchObject({ state: "queued", version: 1, attempts: 0, position: 1, started: null });
    expect(JSON.stringify(job!.request)).toBe('{"b":1,"a":[2]}');
    expect(job!.created).toBeInstanceOf(Date);
    expect((await findJob(database, second))!.position).toBe(2);
    expect((await findJob(database, await add({ queue: "other" })))!.position).toBe(1);
    expect(await findJob(database, randomUUID())).toBeUndefined();
    expect(await countJobs(database)).toEqual({ queued: 3 });
  });

  it("have an idempotency key once", async () => {
    const id = await add({ key: "k" });
    const again = { id: randomUUID(), queue: "q", kind: "scan", label: "", request: {}, inputs: null };
    expect(await insertJob(database, { ...again, command: null, digest: "d", key: "k" })).toBe(false);
    expect((await findJobByKey(database, "k"))!.id).toBe(id);
    expect(await findJobByKey(database, "x")).toBeUndefined();
  });

  it("are listed by filters and from a place on", async () => {
    for (const label of ["A", "B", "C"]) await add({ label });
    const last = await add({ label: "D", kind: "mutate" });
    await cancelJob(database, last);
    const labels = async (filter: object) =>
      (await listJobs(database, { limit: 10, ...filter })).map(({ label }) => label);
    expect(await labels({})).toEqual(["D", "C", "B", "A"]);
    expect(await labels({ kind: "scan", limit: 2 })).toEqual(["C", "B"]);
    expect(await labels({ state: "cancelled" })).toEqual(["D"]);
    expect(await labels({ query: "b" })).toEqual(["B"]);
    const before = (await listJobs(database, { limit: 2 }))[1]!.number;
    expect(await labels({ before })).toEqual(["B", "A"]);
  });

  it("are written by the attempt that is at them alone", async () => {
    const [id, run, other] = [await add({ inputs: [1] }), randomUUID(), randomUUID()];
    expect(await beginJob(database, id, run)).toMatchObject({ kind: "scan", attempts: 1, inputs: [1] });
    expect(await reportJob(database, id, run, { progress: { done: 1 } })).toBe(true);
    expect(await reportJob(database, id, other, { progress: { done: 9 } })).toBe(false);
    expect(await reportJob(database, id, run, { preview: { step: 5 }, thumbnail: "t" })).toBe(true);
    const { version } = (await findJob(database, id))!;
    expect(await reportJob(database, id, run, {})).toBe(true); // asks whether it is still wanted, and changes nothing
    const job = (await findJob(database, id))!;
    expect(job).toMatchObject({ progress: { done: 1 }, preview: { step: 5 }, thumbnail: "t", version });
    expect(await beginJob(database, id, other)).toMatchObject({ attempts: 2 }); // the first one's worker fell silent
    expect(await finishJob(database, id, run, { result: { of: "run" } })).toBe(false);
    expect(await finishJob(database, id, other, { result: { of: "other" } })).toBe(true);
    expect(await findJob(database, id)).toMatchObject({
      state: "done",
      result: { of: "other" },
      position: null,
    });
    expect(await beginJob(database, id, run)).toBeUndefined();
    expect(await finishJob(database, id, other, { error: { status: 500 } })).toBe(false);
  });

  it("wait again where an attempt was ended", async () => {
    const [id, run] = [await add(), randomUUID()];
    await beginJob(database, id, run);
    await requeueJob(database, id, randomUUID(), true);
    expect((await findJob(database, id))!.state).toBe("running");
    await requeueJob(database, id, run, false);
    expect(await findJob(database, id)).toMatchObject({ state: "queued", attempts: 0 });
    await beginJob(database, id, run);
    await requeueJobs(database, [id]);
    expect(await findJob(database, id)).toMatchObject({ state: "queued", attempts: 1 });
  });

  it("are cancelled with what they have shown, and removed when they have ended", async () => {
    const [id, run] = [await add(), randomUUID()];
    await beginJob(database, id, run);
    await reportJob(database, id, run, { preview: { step: 5 } });
    expect(await deleteJob(database, id)).toBe(false);
    expect(await cancelJob(database, id)).toBe(true);
    expect(await reportJob(database, id, run, {})).toBe(false);
    expect(await findJob(database, id)).toMatchObject({ state: "cancelled", preview: { step: 5 } });
    expect(await cancelJob(database, id)).toBe(false);
    await add();
    expect(await deleteEndedJobs(database)).toBe(1);
    expect(await countJobs(database)).toEqual({ queued: 1 });
  });

  it("are seen by their watchers when they change, wait, or are gone", async () => {
    const [waiting, running, run] = [await add(), await add(), randomUUID()];
    await beginJob(database, running, run);
    const gone = randomUUID();
    const { version } = (await findJob(database, running))!;
    const changed = async (known: number) =>
      (
        await findChangedJobs(
          database,
          [waiting, running, gone].map((id) => ({ id, version: known })),
        )
      ).map(({ wanted, id }) => [wanted, id]);
    expect(new Map((await changed(version)) as [string, string | null][])).toEqual(
      new Map([
        [waiting, waiting],
        [gone, null],
      ] as [string, string | null][]),
    );
    expect(await changed(version - 1)).toHaveLength(3);
    expect(await findChangedJobs(database, [])).toEqual([]);
  });

  it("have workers that are counted while they are heard of", async () => {
    await touchWorker(database, randomUUID(), null);
    expect(await countWorkers(database)).toBe(1);
    await database.query("update proteoscope.worker set seen = now() - interval '11 seconds'");
    expect(await countWorkers(database)).toBe(0);
    await deleteAllWorkers(database);
  });
});
