// Does one job: begins an attempt, notes its progress, its previews and its end in the job's row. A job that is cancelled
// meanwhile is given up; one whose process is killed waits again, a few times at most.

import { randomUUID } from "node:crypto";
import { ProteoscopeError } from "@proteoscope/formats";
import type { ProgressEvent } from "@proteoscope/microscope";
import type { Database } from "../db/database.ts";
import { type BegunJob, beginJob, finishJob, type JobReport, reportJob, requeueJob } from "../db/jobs.ts";
import { problemOf } from "../problem.ts";
import type { JobSource } from "./take-jobs.ts";

/** What a job gave, and its small picture in lists. */
export interface JobOutput {
  readonly result: unknown;
  readonly thumbnail?: string | undefined;
}

/** What a job says while it goes on. */
export interface JobReporter {
  readonly onProgress: (event: ProgressEvent) => void;
  readonly onPreview: (preview: { readonly image: string }) => void;
}

/** Does the work of jobs. @throws ProcessEndedError where its process is gone, which is no fault of the job. */
export interface JobWork {
  run(
    job: Pick<BegunJob, "kind" | "request" | "inputs">,
    reporter: JobReporter,
    signal: AbortSignal,
  ): Promise<JobOutput>;
}

/** The process that did a job has ended before the job. */
export class ProcessEndedError extends Error {
  override readonly name = "ProcessEndedError";
}

/** How often a job may be begun whose processes were killed: one that kills its process each time is given up. */
const mostAttempts = 5;
const reportEveryMs = 250;

/** The jobs of a queue, done by `work`. */
export function jobSource(
  database: Database,
  name: string,
  work: JobWork,
  onJob?: (state: string) => void,
): JobSource {
  return {
    name,
    async run({ id }, stop) {
      const run = randomUUID();
      const begun = await beginJob(database, id, run);
      if (begun === undefined) return; // cancelled or removed
      try {
        if (begun.attempts > mostAttempts)
          throw new ProteoscopeError(`its process ended ${mostAttempts} times before it was done`, {
            kind: "failure",
          });
        const output = await doAttempt(database, { id, run, begun, work, stop });
        await finishJob(database, id, run, output);
        onJob?.("done");
      } catch (error) {
        const isStopped = stop.aborted;
        if (isStopped || error instanceof ProcessEndedError) {
          await requeueJob(database, id, run, !isStopped);
          throw error;
        }
        await finishJob(database, id, run, { error: problemOf(error) });
        onJob?.("failed");
      }
    },
  };
}

interface Attempt {
  readonly id: string;
  readonly run: string;
  readonly begun: BegunJob;
  readonly work: JobWork;
  readonly stop: AbortSignal;
}

async function doAttempt(database: Database, { id, run, begun, work, stop }: Attempt): Promise<JobOutput> {
  const cancelled = new AbortController();
  const meter = openMeter();
  let next: JobReport = {};
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const report = next;
    next = {};
    // A database that does not answer is asked again; only its word ends an attempt.
    const isWanted = await reportJob(database, id, run, report).catch(() => true);
    if (!isWanted) cancelled.abort();
  };
  const flush = (): void => {
    writing ??= write().finally(() => {
      writing = undefined;
    });
  };
  const timer = setInterval(flush, reportEveryMs);
  const reporter: JobReporter = {
    onProgress: (event) => {
      next = { ...next, progress: meter(event) };
    },
    onPreview: (preview) => {
      next = { ...next, preview, thumbnail: preview.image };
      flush();
    },
  };
  try {
    return await work.run(begun, reporter, AbortSignal.any([stop, cancelled.signal]));
  } finally {
    clearInterval(timer);
    await writing;
    if (next.preview !== undefined) await write();
  }
}

/** Progress with rate and remaining time, which are those of its phase. */
export function openMeter(now: () => number = () => performance.now()) {
  let phase: string | undefined;
  let [startMs, startDone] = [0, 0];
  return (event: ProgressEvent) => {
    if (event.phase !== phase) [phase, startMs, startDone] = [event.phase, now(), event.done];
    const [done, seconds] = [event.done - startDone, (now() - startMs) / 1000];
    const ratePerSecond = done > 0 && seconds > 0 ? done / seconds : null;
    const left = event.total - event.done;
    return {
      ...{
        phase: event.phase,
        done: event.done,
        total: event.total,
        unit: event.unit,
        note: event.note ?? null,
      },
      ratePerSecond,
      etaSeconds: ratePerSecond === null || !Number.isFinite(left) ? null : left / ratePerSecond,
    };
  };
}
