// A job as clients see it: with or without its request and result, and as the events that lead from what a client has
// seen to what there is now.

import type { Job, JobEvents, JobSummary } from "../api.ts";
import type { StoredJob } from "../db/jobs.ts";
import { modelOfQueue } from "./job-queue.ts";

/** A job without its request and result. */
export function summarizeJob(job: Omit<StoredJob, "request" | "result">): JobSummary {
  const { id, kind, state, label, queue, position, progress, preview, thumbnail, attempts, error, command } =
    job;
  return {
    ...{ id, kind: kind as JobSummary["kind"], state, label, queuePosition: position },
    model: modelOfQueue(queue),
    progress: progress as JobSummary["progress"],
    preview: preview as JobSummary["preview"],
    created: job.created.toISOString(),
    started: job.started?.toISOString() ?? null,
    finished: job.finished?.toISOString() ?? null,
    ...{ attempts, error: error as JobSummary["error"], command, thumbnail },
  };
}

/** A job with its request and result. */
export function describeJob(job: StoredJob): Job {
  const { thumbnail: _, ...summary } = summarizeJob(job);
  return { ...summary, request: job.request, result: job.result } as Job;
}

/** An event by its name. */
export type NamedEvent = {
  readonly [Name in keyof JobEvents]: readonly [Name, JobEvents[Name]];
}[keyof JobEvents];

/** The events that lead from the job that a client has seen, if any, to the job as it is now. */
export function eventsOf(job: Job, before: Job | undefined): NamedEvent[] {
  const events: NamedEvent[] = [];
  const { state, queuePosition, error, progress, preview, result } = job;
  const isNew = (field: "state" | "queuePosition" | "progress" | "preview") =>
    before === undefined || JSON.stringify(before[field]) !== JSON.stringify(job[field]);
  if (isNew("state") || isNew("queuePosition")) events.push(["state", { state, queuePosition, error }]);
  if (progress !== null && isNew("progress")) events.push(["progress", progress]);
  if (preview !== null && isNew("preview")) events.push(["preview", preview]);
  if (result !== null) events.push(["result", result]);
  return events;
}
