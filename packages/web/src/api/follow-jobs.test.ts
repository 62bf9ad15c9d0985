import type * as Api from "@proteoscope/server/api";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followJobs } from "./follow-jobs.ts";
import type { JobEvent } from "./types.ts";

/** A server of jobs, and the event streams that are open on it. */
let jobs: Map<string, Partial<Api.Job>>;
let streams: FakeStream[];
class FakeStream {
  readonly listeners = new Map<string, (event: { data: string }) => void>();
  static readonly CLOSED = 2;
  isClosed = false;
  readyState = 1;
  constructor(readonly url: string) {
    streams.push(this);
  }
  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(name, listener);
  }
  send(name: string, data: unknown): void {
    this.listeners.get(name)?.({ data: JSON.stringify(data) });
  }
  close(): void {
    this.isClosed = true;
  }
}

const job = (id: string, state: string, changes: object = {}): Partial<Api.Job> =>
  ({
    ...{
      id,
      state,
      kind: "scan",
      label: "x",
      queuePosition: null,
      progress: null,
      preview: null,
      error: null,
    },
    ...{ created: "2026-11-30T10:00:00.000Z", finished: null, command: null, result: null },
    request: {
      protein: { id: "x", sequence: "MK" },
      mode: "delete",
      windowResidues: 1,
      strideResidues: 1,
      seed: 0,
    },
    ...changes,
  }) as Partial<Api.Job>;

beforeEach(() => {
  vi.useFakeTimers();
  [jobs, streams] = [new Map(), []];
  vi.stubGlobal("EventSource", FakeStream);
  vi.stubGlobal("fetch", async (url: string) => {
    const id = /jobs\/([^/?]+)/.exec(url)?.[1];
    return Response.json(
      id === undefined ? { jobs: [...jobs.values()].reverse(), next: null } : jobs.get(id),
    );
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("follows the job that runs by its events and asks for those that wait", async () => {
  jobs.set("a", job("a", "running")).set("b", job("b", "queued", { queuePosition: 2 }));
  const followed = followJobs();
  const events: JobEvent[] = [];
  followed.watch((event) => events.push(event));
  expect((await followed.load()).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(streams.map(({ url }) => url)).toEqual(["/api/v1/jobs/a/events"]);

  streams[0]!.send("progress", { done: 2, total: 8, unit: "steps", etaSeconds: 6 });
  expect(events.at(-1)).toMatchObject({ job: { id: "a", progress: { done: 2, total: 8 } } });
  streams[0]!.send("preview", { step: 2, steps: 8, image: "/api/v1/files/x.png" });
  expect(events.at(-1)).toMatchObject({
    type: "preview",
    preview: { job: "a", picture: "/api/v1/files/x.png" },
  });

  jobs.set("b", job("b", "running"));
  await vi.advanceTimersByTimeAsync(1600);
  expect(streams.map(({ url }) => url).at(-1)).toBe("/api/v1/jobs/b/events");
});

it("closes the stream of a job that ended, and never goes back to an earlier state", async () => {
  jobs.set("a", job("a", "running"));
  const followed = followJobs();
  const states: string[] = [];
  followed.watch((event) => event.type === "job" && states.push(event.job.state));
  await followed.load();
  jobs.set("a", job("a", "done", { finished: "2026-11-30T10:01:00.000Z" }));
  streams[0]!.send("state", { state: "done", queuePosition: null, error: null });
  await vi.advanceTimersByTimeAsync(1);
  expect(states.at(-1)).toBe("done");
  expect(streams[0]!.isClosed).toBe(true);
  streams[0]!.send("progress", { done: 1, total: 8, unit: "steps", etaSeconds: null });
  expect(states.at(-1)).toBe("done");
  await vi.advanceTimersByTimeAsync(5000);
  expect(streams).toHaveLength(1);
});

it("follows the first job that waits, so that a short one is seen while it runs", async () => {
  jobs.set("a", job("a", "queued", { queuePosition: 1 })).set("b", job("b", "queued", { queuePosition: 2 }));
  const followed = followJobs();
  const states: string[] = [];
  followed.watch((event) => event.type === "job" && event.job.id === "a" && states.push(event.job.state));
  await followed.load();
  expect(streams.map(({ url }) => url)).toEqual(["/api/v1/jobs/a/events"]);
  streams[0]!.send("state", { state: "running", queuePosition: null, error: null });
  expect(states).toEqual(["queued", "running"]);
});

it("opens a stream again that the browser gave up, and none that it opens again itself", async () => {
  jobs.set("a", job("a", "running"));
  const followed = followJobs();
  await followed.load();
  streams[0]!.readyState = 0;
  streams[0]!.send("error", {});
  await vi.advanceTimersByTimeAsync(1600);
  expect(streams).toHaveLength(1);
  streams[0]!.readyState = FakeStream.CLOSED;
  streams[0]!.send("error", {});
  await vi.advanceTimersByTimeAsync(1600);
  expect(streams.map(({ url }) => url)).toEqual(Array(2).fill("/api/v1/jobs/a/events"));
});

it("reports a job that was removed", () => {
  const followed = followJobs();
  const events: JobEvent[] = [];
  const stop = followed.watch((event) => events.push(event));
  followed.remove("a");
  stop();
  followed.remove("b");
  expect(events).toEqual([{ type: "removed", id: "a" }]);
});
