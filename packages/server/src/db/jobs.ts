// The rows of jobs. `version` counts the changes of a row that its watchers see. `run` names the attempt that a worker
// makes: only that attempt may write, so that a worker that was given up for dead changes nothing any more.

import type { Database } from "./database.ts";

/** States of a job; the last three are final. */
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

/** A job as the table holds it. */
export interface StoredJob {
  readonly id: string;
  /** Grows with the time at which it was asked for. */
  readonly number: number;
  readonly queue: string;
  readonly kind: string;
  readonly label: string;
  readonly request: unknown;
  readonly command: string | null;
  /** SHA-256 of kind and request. */
  readonly digest: string;
  readonly state: JobState;
  readonly version: number;
  readonly attempts: number;
  readonly progress: unknown;
  readonly preview: unknown;
  readonly thumbnail: string | null;
  readonly error: unknown;
  readonly result: unknown;
  readonly created: Date;
  readonly started: Date | null;
  readonly finished: Date | null;
  /** Place among those that wait for workers of the same model, from 1; null where it does not wait. */
  readonly position: number | null;
}

/** A job before it is sent. */
export type NewJob = Pick<StoredJob, "id" | "queue" | "kind" | "label" | "request" | "command" | "digest"> & {
  /** What the request refers to, for the worker. */
  readonly inputs: unknown;
  /** Idempotency key of the client. */
  readonly key: string | null;
};

const heavy = "request, result";
const light = `id, number, queue, kind, label, command, digest, state, version, attempts, progress, preview, thumbnail, error,
  created, started, finished,
  case when state = 'queued' then (
    select count(*)::int from proteoscope.job as earlier
    where earlier.state = 'queued' and earlier.queue = job.queue and earlier.number <= job.number
  ) end as position`;

/** Adds a job; false where another has its key. */
export async function insertJob(database: Database, job: NewJob): Promise<boolean> {
  const rows = await database.query(
    `insert into proteoscope.job (id, queue, kind, label, request, inputs, command, key, digest)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (key) do nothing returning id`,
    [
      ...[
        job.id,
        job.queue,
        job.kind,
        job.label,
        JSON.stringify(job.request),
        JSON.stringify(job.inputs ?? null),
      ],
      ...[job.command, job.key, job.digest],
    ],
  );
  return rows.length > 0;
}

/** The job of an id. */
export async function findJob(database: Database, id: string): Promise<StoredJob | undefined> {
  const text = `select ${light}, ${heavy} from proteoscope.job where id = $1`;
  return (await database.query<StoredJob>(text, [id]))[0];
}

/** The job of an idempotency key. */
export async function findJobByKey(database: Database, key: string): Promise<StoredJob | undefined> {
  const text = `select ${light}, ${heavy} from proteoscope.job where key = $1`;
  return (await database.query<StoredJob>(text, [key]))[0];
}

/** Which jobs are listed, the newest first: those before a number. */
export interface JobFilter {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  /** Part of the label, in any letter case. */
  readonly query?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Jobs without requests and results, the newest first. */
export function listJobs(
  database: Database,
  { state, kind, query, before, limit }: JobFilter,
): Promise<Omit<StoredJob, "request" | "result">[]> {
  return database.query(
    `select ${light} from proteoscope.job
     where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::text is null or position(lower($3) in lower(label)) > 0)
       and ($4::int is null or number < $4)
     order by number desc limit $5`,
    [state ?? null, kind ?? null, query ?? null, before ?? null, limit],
  );
}

/** Number of jobs in each state; states without jobs are absent. */
export async function countJobs(database: Database): Promise<Partial<Record<JobState, number>>> {
  const rows = await database.query<{ state: JobState; count: number }>(
    "select state, count(*)::int as count from proteoscope.job group by state",
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** A watched job that has changed; without `id` where it is gone. */
export type ChangedJob = { readonly wanted: string } & (StoredJob | { readonly id: null });

/** Those of the jobs that are gone, wait, or have changed since the versions that their watchers know. */
export function findChangedJobs(
  database: Database,
  watched: readonly { readonly id: string; readonly version: number }[],
): Promise<ChangedJob[]> {
  return database.query(
    `select wanted, ${light}, ${heavy}
     from unnest($1::uuid[], $2::int[]) as watched (wanted, known) left join proteoscope.job on id = wanted
     where id is null or version > known or state = 'queued'`,
    [watched.map(({ id }) => id), watched.map(({ version }) => version)],
  );
}

/** What a worker is given. */
export interface BegunJob {
  readonly kind: string;
  readonly request: unknown;
  readonly inputs: unknown;
  readonly attempts: number;
}

/** Begins an attempt; undefined where the job is not wanted any more. */
export async function beginJob(database: Database, id: string, run: string): Promise<BegunJob | undefined> {
  const rows = await database.query<BegunJob>(
    `update proteoscope.job set state = 'running', run = $2, attempts = attempts + 1, version = version + 1,
       started = now(), progress = null
     where id = $1 and state in ('queued', 'running') returning kind, request, inputs, attempts`,
    [id, run],
  );
  return rows[0];
}

/** Where an attempt stands; absent fields stay as they are. */
export interface JobReport {
  readonly progress?: unknown;
  readonly preview?: unknown;
  readonly thumbnail?: string | undefined;
}

/** Notes how far an attempt is. False where it is not wanted any more. */
export async function reportJob(
  database: Database,
  id: string,
  run: string,
  { progress, preview, thumbnail }: JobReport,
): Promise<boolean> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  const rows = await database.query(
    `update proteoscope.job set version = version + case when $3::json is null and $4::json is null then 0 else 1 end,
       progress = coalesce($3, progress), preview = coalesce($4, preview), thumbnail = coalesce($5, thumbnail)
     where id = $1 and run = $2 and state = 'running' returning id`,
    [id, run, json(progress), json(preview), thumbnail ?? null],
  );
  return rows.length > 0;
}

/** How an attempt ended. */
export type JobEnding =
  | { readonly result: unknown; readonly thumbnail?: string | undefined; readonly error?: undefined }
  | { readonly error: unknown; readonly result?: undefined; readonly thumbnail?: undefined };

/** Ends a job with what an attempt gave. False where the attempt is not wanted any more. */
export async function finishJob(
  database: Database,
  id: string,
  run: string,
  { result, error, thumbnail }: JobEnding,
): Promise<boolean> {
  const rows = await database.query(
    `update proteoscope.job set state = $3, result = $4, error = $5, thumbnail = coalesce($6, thumbnail), progress = null,
       run = null, version = version + 1, finished = now()
     where id = $1 and run = $2 and state = 'running' returning id`,
    [
      ...[id, run, error === undefined ? "done" : "failed"],
      ...[result === undefined ? null : JSON.stringify(result)],
      ...[error === undefined ? null : JSON.stringify(error), thumbnail ?? null],
    ],
  );
  return rows.length > 0;
}

/** Lets a job wait again whose attempt was ended; `isCounted` says whether the attempt counts. */
export async function requeueJob(
  database: Database,
  id: string,
  run: string,
  isCounted: boolean,
): Promise<void> {
  await database.query(
    `update proteoscope.job set state = 'queued', run = null, progress = null, version = version + 1,
       attempts = attempts - case when $3 then 0 else 1 end
     where id = $1 and run = $2 and state = 'running'`,
    [id, run, isCounted],
  );
}

/** Lets jobs wait again whose attempts were ended with their process. */
export async function requeueJobs(database: Database, ids: readonly string[]): Promise<void> {
  await database.query(
    `update proteoscope.job set state = 'queued', run = null, progress = null, version = version + 1
     where id = any($1::uuid[]) and state = 'running'`,
    [ids],
  );
}

/** Cancels a job that waits or runs; its last preview stays. False where it has ended or is gone. */
export async function cancelJob(database: Database, id: string): Promise<boolean> {
  const rows = await database.query(
    `update proteoscope.job set state = 'cancelled', run = null, version = version + 1, finished = now()
     where id = $1 and state in ('queued', 'running') returning id`,
    [id],
  );
  return rows.length > 0;
}

/** Removes a job that has ended. False where it has not, or is gone. */
export async function deleteJob(database: Database, id: string): Promise<boolean> {
  const rows = await database.query(
    "delete from proteoscope.job where id = $1 and state in ('done', 'failed', 'cancelled') returning id",
    [id],
  );
  return rows.length > 0;
}

/** Removes all jobs that have ended; returns their number. */
export async function deleteEndedJobs(database: Database): Promise<number> {
  const text = "delete from proteoscope.job where state in ('done', 'failed', 'cancelled') returning id";
  return (await database.query(text)).length;
}

/** Jobs of a queue that wait or run although the queue itself has lost them, or has given them up. */
export async function findLostJobs(database: Database, queue: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select id from proteoscope.job as job
     where queue = $1 and state in ('queued', 'running') and not exists (
       select from pgboss.job as sent
       where sent.name = $1 and sent.id = job.id and sent.state in ('created', 'retry', 'active')
     ) order by number`,
    [queue],
  );
  return rows.map(({ id }) => id);
}
