import { ProteoscopeError } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import type { Job, JobEvent, JobRequest } from "../api/types.ts";
import { type LockJob, openJobQueue, type RunJob } from "./job-queue.ts";
import { memoryStore } from "./job-store.ts";

const request: JobRequest = {
  ...{ kind: "scan", protein: { id: "FBL", description: "", sequence: "MK" }, mode: "delete" },
  ...{ window: 1, stride: 1, draws: null, seed: 0 },
};
const unlocked: LockJob = async (_, work) => {
  await work();
  return true;
};

function setUp(run: RunJob, store = memoryStore(), lock = unlocked) {
  const events: JobEvent[] = [];
  const ended = new Map<string, () => void>();
  const onEvent = (event: JobEvent) => {
    events.push(event);
    if (event.type === "job" && event.job.finished) ended.get(event.job.id)?.();
  };
  const opened = openJobQueue(store, run, onEvent, lock);
  const finished = (id: string) => new Promise<void>((resolve) => ended.set(id, resolve));
  const states = (id: string) =>
    events.flatMap((event) => (event.type === "job" && event.job.id === id ? [event.job.state] : []));
  return { opened, events, finished, states, store };
}

const untilAborted: RunJob = (_, { signal }) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("the queue of a page", () => {
  it("runs a job, reports its progress and keeps its result", async () => {
    const { opened, finished, states, events, store } = setUp(async (_, { onProgress, onPreview }) => {
      onProgress({ done: 1, total: 4, unit: "steps" });
      onPreview({ step: 1, steps: 4, picture: null, planes: null });
      return { cells: [] };
    });
    const queue = await opened;
    const job = await queue.submit(request);
    expect(job).toMatchObject({ state: "queued", position: 0, error: null });
    await finished(job.id);
    expect(new Set(states(job.id))).toEqual(new Set(["queued", "running", "done"]));
    const progress = events.flatMap((event) => (event.type === "job" ? [event.job.progress] : []));
    expect(progress.find((one) => one !== null)).toMatchObject({ done: 1, total: 4, unit: "steps" });
    expect(events).toContainEqual({
      type: "preview",
      preview: { job: job.id, step: 1, steps: 4, picture: null, planes: null },
    });
    expect(await store.get("results", job.id)).toEqual({ cells: [] });
  });

  it("runs jobs one at a time, in their order, and moves those that wait up", async () => {
    const order: number[] = [];
    let running = 0;
    const { opened, finished, events } = setUp(async (given) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      order.push((given as { seed: number }).seed);
      return { cells: [] };
    });
    const queue = await opened;
    const jobs: Job[] = [];
    for (let seed = 0; seed < 4; seed++) jobs.push(await queue.submit({ ...request, seed } as JobRequest));
    expect(jobs.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
    await finished(jobs[3]!.id);
    expect(order).toEqual([0, 1, 2, 3]);
    const places = events.flatMap((event) =>
      event.type === "job" && event.job.id === jobs[3]!.id && event.job.state === "queued"
        ? [event.job.position]
        : [],
    );
    expect(places.at(-1)).toBe(0);
  });

  it("cancels the running job and one that waits", async () => {
    const { opened, finished, states } = setUp(untilAborted);
    const queue = await opened;
    const [first, second] = [await queue.submit(request), await queue.submit(request)];
    await queue.cancel(second.id);
    expect(states(second.id).at(-1)).toBe("cancelled");
    const end = finished(first.id);
    await queue.cancel(first.id);
    await end;
    expect(states(first.id).at(-1)).toBe("cancelled");
  });

  it("keeps what a cancelled job had come to, and what the pictures of others are like", async () => {
    const preview = { step: 3, steps: 9, picture: null, planes: null };
    const { opened, finished, store } = setUp((given, hooks) => {
      if ((given as { seed: number }).seed === 1)
        return Promise.resolve({ cells: [{ compartments: { er: 0.2, nucleoplasm: 0.7 } }] } as never);
      hooks.onPreview({ ...preview, step: 1 });
      hooks.onPreview(preview);
      return untilAborted(given, hooks);
    });
    const queue = await opened;
    const [cancelled, done] = [
      await queue.submit(request, "1f0c9a2b"),
      await queue.submit({ ...request, seed: 1 } as JobRequest, "1f0c9a2b"),
    ];
    const ends = finished(done.id);
    await queue.cancel(cancelled.id);
    await ends;
    expect(await store.get("results", cancelled.id)).toEqual({
      ...{ cells: [], preview: { ...preview, job: cancelled.id } },
    });
    const jobs = await queue.jobs();
    expect(jobs.map(({ model, compartments }) => [model, compartments])).toEqual([
      ["1f0c9a2b", undefined],
      ["1f0c9a2b", ["nucleoplasm"]],
    ]);
  });

  it("gives the reason of a failure, and goes on", async () => {
    let runs = 0;
    const { opened, finished } = setUp(async () => {
      if (runs++ === 0) throw new ProteoscopeError("no such residue", { kind: "usage", field: "variants" });
      return { cells: [] };
    });
    const queue = await opened;
    const [first, second] = [await queue.submit(request), await queue.submit(request)];
    await finished(second.id);
    const jobs = await queue.jobs();
    expect(jobs.find(({ id }) => id === first.id)).toMatchObject({
      state: "failed",
      error: { detail: "no such residue", field: "variants", kind: "usage" },
    });
    expect(jobs.find(({ id }) => id === second.id)?.state).toBe("done");
  });

  it("runs a job again that a closed page left unfinished, and keeps those that ended", async () => {
    const store = memoryStore();
    const left = setUp(untilAborted, store);
    const job = await (await left.opened).submit(request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await store.get("jobs", job.id))?.state).toBe("running");
    const next = setUp(async () => ({ cells: [] }), store);
    const queue = await next.opened;
    await next.finished(job.id);
    expect((await queue.jobs()).map(({ id, state }) => [id, state])).toEqual([[job.id, "done"]]);
  });

  it("leaves a job alone that another page runs", async () => {
    const store = memoryStore();
    const job = await (await setUp(untilAborted, store).opened).submit(request);
    let runs = 0;
    const other = setUp(
      async () => {
        runs++;
        return { cells: [] };
      },
      store,
      async () => false,
    );
    await other.opened;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(runs).toBe(0);
    expect((await (await other.opened).jobs()).map(({ id }) => id)).toEqual([job.id]);
  });

  it("removes what has ended, with its result, and nothing else", async () => {
    const { opened, finished, events, store } = setUp(async () => ({ cells: [] }));
    const queue = await opened;
    const job = await queue.submit(request);
    await queue.remove(job.id);
    expect(await queue.jobs()).toHaveLength(1);
    await finished(job.id);
    await queue.remove(job.id);
    expect(await queue.jobs()).toEqual([]);
    expect(await store.get("results", job.id)).toBeUndefined();
    expect(events.at(-1)).toEqual({ type: "removed", id: job.id });
  });
});
