// The queue of this browser: one job at a time, in the order of submission. Jobs that a closed page left unfinished run again
// from their beginning; two pages never run one job, because each job is locked while it runs.
import { isAbort, problemOf } from "../api/problems.ts";
import type { Job, JobEvent, JobRequest, Preview } from "../api/types.ts";
import { cliCommand } from "../state/cli-command.ts";
import type { JobStore } from "./job-store.ts";
import type { StoredResult } from "./stored-result.ts";

/** How a job is run. */
export type RunJob = (
  request: JobRequest,
  hooks: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: {
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    }) => void;
    readonly onPreview: (preview: Omit<Preview, "job">) => void;
  },
) => Promise<StoredResult>;

/** The jobs of the page. */
export interface JobQueue {
  submit(request: JobRequest): Promise<Job>;
  jobs(): Promise<Job[]>;
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Runs `work` while no other page does; false where one does. */
export type LockJob = (id: string, work: () => Promise<void>) => Promise<boolean>;

const finalStates: readonly string[] = ["done", "failed", "cancelled"];

/** Opens the queue and goes on with what an earlier page left. */
export async function openJobQueue(
  store: JobStore,
  run: RunJob,
  onEvent: (event: JobEvent) => void,
  lock: LockJob = lockInBrowser,
): Promise<JobQueue> {
  const jobs = new Map<string, Job>();
  let running: { readonly id: string; readonly abort: AbortController } | undefined;
  const isWaiting = ({ state }: Job) => state === "queued";
  const waiting = () => [...jobs.values()].filter(isWaiting);

  const change = async (job: Job, changes: Partial<Job>): Promise<Job> => {
    const next = { ...job, ...changes };
    jobs.set(job.id, next);
    onEvent({ type: "job", job: next });
    await store.put("jobs", job.id, next);
    return next;
  };
  const placeWaiting = async (): Promise<void> => {
    for (const [position, job] of waiting().entries())
      if (job.position !== position) await change(job, { position });
  };
  const finish = async (job: Job, changes: Partial<Job>): Promise<void> => {
    const current = jobs.get(job.id);
    if (current) await change(current, { finished: new Date().toISOString(), progress: null, ...changes });
  };
  const runOne = async (job: Job): Promise<void> => {
    const abort = new AbortController();
    running = { id: job.id, abort };
    await change(job, { state: "running", position: null });
    await placeWaiting();
    const clock = startClock();
    const [tellsProgress, tellsPreview] = [atMostEvery(progressMs), atMostEvery(previewMs)];
    try {
      const result = await run(job.request, {
        signal: abort.signal,
        onProgress: ({ done, total, unit }) => {
          const progress = { done, total, unit, etaSeconds: clock.eta(done, total) };
          jobs.set(job.id, { ...jobs.get(job.id)!, progress });
          if (tellsProgress()) onEvent({ type: "job", job: jobs.get(job.id)! });
        },
        onPreview: (preview) => {
          if (tellsPreview()) onEvent({ type: "preview", preview: { ...preview, job: job.id } });
        },
      });
      await store.put("results", job.id, result);
      await finish(job, { state: "done" });
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) await finish(job, { state: "cancelled" });
      else await finish(job, { state: "failed", error: problemOf(error) });
    } finally {
      running = undefined;
    }
  };
  let isPumping = false;
  const pump = async (): Promise<void> => {
    if (isPumping) return;
    isPumping = true;
    const elsewhere = new Set<string>();
    for (let job = waiting()[0]; job; job = waiting().find(({ id }) => !elsewhere.has(id))) {
      const next = job;
      if (!(await lock(next.id, () => runOne(next)))) elsewhere.add(next.id);
    }
    isPumping = false;
  };

  for (const job of (await store.all("jobs")).sort((a, b) => (a.created < b.created ? -1 : 1)))
    jobs.set(job.id, job.state === "running" ? { ...job, state: "queued", progress: null } : job);
  void pump();
  return {
    submit: async (request) => {
      const id = crypto.randomUUID();
      const created = new Date().toISOString();
      const position = waiting().length + (running === undefined ? 0 : 1);
      const blank = { finished: null, progress: null, error: null, command: cliCommand(request) };
      const job = await change({ id, request, state: "queued", created, position, ...blank }, {});
      void pump();
      return job;
    },
    jobs: async () => [...jobs.values()],
    cancel: async (id) => {
      const job = jobs.get(id);
      if (running?.id === id) running.abort.abort();
      else if (job?.state === "queued") {
        await finish(job, { state: "cancelled", position: null });
        await placeWaiting();
      }
    },
    remove: async (id) => {
      const job = jobs.get(id);
      if (job === undefined || !finalStates.includes(job.state)) return;
      jobs.delete(id);
      await store.remove("jobs", id);
      await store.remove("results", id);
      onEvent({ type: "removed", id });
    },
  };
}

/** A page that draws every step of a fast model would do nothing else. */
const progressMs = 100;
const previewMs = 300;

/** Whether as much time has passed since it last said so. */
function atMostEvery(milliseconds: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - last < milliseconds) return false;
    last = now;
    return true;
  };
}

function startClock() {
  const start = performance.now();
  return {
    eta: (done: number, total: number): number | null =>
      done === 0 ? null : ((performance.now() - start) / 1000 / done) * (total - done),
  };
}

async function lockInBrowser(id: string, work: () => Promise<void>): Promise<boolean> {
  if (typeof navigator === "undefined" || navigator.locks === undefined) {
    await work();
    return true;
  }
  return navigator.locks.request(`proteoscope-job-${id}`, { ifAvailable: true }, async (held) => {
    if (held === null) return false;
    await work();
    return true;
  });
}
