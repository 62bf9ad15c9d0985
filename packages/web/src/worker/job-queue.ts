// The queue of this browser: one job at a time, in the order of submission. Jobs that a closed page left unfinished run again
// from their beginning; two pages never run one job, because each job is locked while it runs.
import { isAbort, problemOf } from "../api/problems.ts";
import type { Job, JobEvent, JobRequest, Preview } from "../api/types.ts";
import { cliCommand } from "../state/cli-command.ts";
import { shownCompartments } from "../state/pictures.ts";
import type { JobStore } from "./job-store.ts";
import type { StoredResult } from "./stored-result.ts";

/** What a job that is run reports, and how it is ended. */
export interface JobHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: {
    readonly done: number;
    readonly total: number;
    readonly unit: string;
  }) => void;
  readonly onPreview: (preview: Omit<Preview, "job">) => void;
}

/** How a job is run. */
export type RunJob = (request: JobRequest, hooks: JobHooks) => Promise<StoredResult>;

/** The jobs of the page. */
export interface JobQueue {
  /** Adds a job for the model of these weights, the first digits of their SHA-256. */
  submit(request: JobRequest, model?: string): Promise<Job>;
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
  const list = openJobList(store, onEvent);
  const runner = openRunner(list, store, run, lock);
  for (const job of (await store.all("jobs")).sort((a, b) => (a.created < b.created ? -1 : 1)))
    list.jobs.set(job.id, job.state === "running" ? { ...job, state: "queued", progress: null } : job);
  void runner.pump();
  return {
    submit: async (request, model) => {
      const id = crypto.randomUUID();
      const created = new Date().toISOString();
      const position = list.waiting().length + (runner.runningId() === undefined ? 0 : 1);
      const blank = { finished: null, progress: null, error: null, command: cliCommand(request) };
      const job = await list.change({ id, request, model, state: "queued", created, position, ...blank }, {});
      void runner.pump();
      return job;
    },
    jobs: async () => [...list.jobs.values()],
    cancel: async (id) => {
      const job = list.jobs.get(id);
      if (runner.runningId() === id) runner.abort();
      else if (job?.state === "queued") {
        await list.finish(id, { state: "cancelled", position: null });
        await list.placeWaiting();
      }
    },
    remove: async (id) => {
      const job = list.jobs.get(id);
      if (job === undefined || !finalStates.includes(job.state)) return;
      list.jobs.delete(id);
      await store.remove("jobs", id);
      await store.remove("results", id);
      onEvent({ type: "removed", id });
    },
  };
}

/** The jobs, each change of which is stored and reported. */
function openJobList(store: JobStore, onEvent: (event: JobEvent) => void) {
  const jobs = new Map<string, Job>();
  const waiting = () => [...jobs.values()].filter(({ state }) => state === "queued");
  const change = async (job: Job, changes: Partial<Job>): Promise<Job> => {
    const next = { ...job, ...changes };
    jobs.set(job.id, next);
    onEvent({ type: "job", job: next });
    await store.put("jobs", job.id, next);
    return next;
  };
  return {
    ...{ jobs, waiting, change, onEvent },
    placeWaiting: async (): Promise<void> => {
      for (const [position, job] of waiting().entries())
        if (job.position !== position) await change(job, { position });
    },
    finish: async (id: string, changes: Partial<Job>): Promise<void> => {
      const job = jobs.get(id);
      if (job) await change(job, { finished: new Date().toISOString(), progress: null, ...changes });
    },
  };
}

/** Runs the jobs that wait, one after the other. */
function openRunner(list: ReturnType<typeof openJobList>, store: JobStore, run: RunJob, lock: LockJob) {
  const { jobs, onEvent } = list;
  let running: { readonly id: string; readonly abort: AbortController } | undefined;
  let isPumping = false;
  const runOne = async (job: Job): Promise<void> => {
    const abort = new AbortController();
    running = { id: job.id, abort };
    await list.change(job, { state: "running", position: null });
    await list.placeWaiting();
    const clock = startClock();
    const [tellsProgress, tellsPreview] = [atMostEvery(progressMs), atMostEvery(previewMs)];
    let last: Preview | undefined;
    try {
      const result = await run(job.request, {
        signal: abort.signal,
        onProgress: ({ done, total, unit }) => {
          const progress = { done, total, unit, etaSeconds: clock.eta(done, total) };
          jobs.set(job.id, { ...jobs.get(job.id)!, progress });
          if (tellsProgress()) onEvent({ type: "job", job: jobs.get(job.id)! });
        },
        onPreview: (preview) => {
          last = { ...preview, job: job.id };
          if (tellsPreview()) onEvent({ type: "preview", preview: last });
        },
      });
      await store.put("results", job.id, result);
      const compartments = shownCompartments(result.cells.map((cell) => cell.compartments));
      await list.finish(job.id, { state: "done", compartments });
    } catch (error) {
      const isCancelled = abort.signal.aborted || isAbort(error);
      if (isCancelled && last) await store.put("results", job.id, { cells: [], preview: last });
      await list.finish(
        job.id,
        isCancelled ? { state: "cancelled" } : { state: "failed", error: problemOf(error) },
      );
    } finally {
      running = undefined;
    }
  };
  return {
    runningId: () => running?.id,
    abort: () => running?.abort.abort(),
    pump: async (): Promise<void> => {
      if (isPumping) return;
      isPumping = true;
      const elsewhere = new Set<string>();
      for (;;) {
        const job = list.waiting().find(({ id }) => !elsewhere.has(id));
        if (job === undefined) break;
        if (!(await lock(job.id, () => runOne(job)))) elsewhere.add(job.id);
      }
      isPumping = false;
    },
  };
}

/** A page that draws every step of a fast model would do nothing else. */
const progressMs = 250;
const previewMs = 500;

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
