// The jobs of the page: a row for each, which says what is asked and what became of it, and a job of pg-boss with the same id,
// which is what workers take. The row is written first; a job whose sending was cut short is sent when the server starts.

import { createHash, randomUUID } from "node:crypto";
import type PgBoss from "pg-boss";
import type { Database } from "../db/database.ts";
import {
  findJob,
  findJobByKey,
  findLostJobs,
  insertJob,
  type NewJob,
  requeueJobs,
  type StoredJob,
} from "../db/jobs.ts";
import { deleteAllWorkers, findAbandonedJobs } from "../db/workers.ts";
import { createQueue, modelDigest } from "../queue.ts";

/** The jobs of one model. */
export interface JobQueue {
  readonly name: string;
  readonly boss: PgBoss;
  /** Adds and sends a job; one that has its idempotency key already is given instead. */
  submit(job: SubmittedJob): Promise<StoredJob>;
  /** Calls the listener whenever this process has sent a job. */
  watchSent(listener: () => void): void;
}

/** What is asked of a job. */
export type SubmittedJob = Pick<NewJob, "kind" | "label" | "request" | "inputs" | "command" | "key">;

/** The name of the queue of the page's jobs for a model with these checksums. */
export function jobQueueName(checksums: Readonly<Record<string, string>>): string {
  return `${prefix}${modelDigest(checksums).slice(0, 16)}`;
}

/** The first digits of the digest of the model whose jobs a queue has. */
export function modelOfQueue(name: string): string {
  return name.slice(prefix.length);
}

const prefix = "page-";

/** SHA-256 of what is asked: a key that comes again with another one is a mistake of the client. */
export function requestDigest({ kind, request }: Pick<NewJob, "kind" | "request">): string {
  return createHash("sha256")
    .update(JSON.stringify([kind, request]))
    .digest("hex");
}

/**
 * Opens the queue of that name. `isAlone` says that no other process can have the database: then what is at work in it was
 * ended with its process and is sent again at once.
 */
export async function openJobQueue(
  database: Database,
  boss: PgBoss,
  name: string,
  isAlone: boolean,
): Promise<JobQueue> {
  await createQueue(boss, name);
  if (isAlone) {
    await deleteAllWorkers(database);
    const ended = await findAbandonedJobs(database, name, 0);
    for (const id of ended) await boss.fail(name, id, { message: "its process ended" });
    await requeueJobs(database, ended);
  }
  for (const id of await findLostJobs(database, name)) {
    await boss.deleteJob(name, id);
    await requeueJobs(database, [id]);
    await boss.send(name, {}, { id });
  }
  const listeners = new Set<() => void>();
  const queue: JobQueue = {
    name,
    boss,
    watchSent: (listener) => void listeners.add(listener),
    async submit(job) {
      const id = randomUUID();
      const isNew = await insertJob(database, { ...job, id, queue: name, digest: requestDigest(job) });
      if (isNew) {
        await boss.send(name, {}, { id });
        for (const listener of listeners) listener();
      }
      const stored = isNew ? await findJob(database, id) : await findJobByKey(database, job.key!);
      return stored ?? queue.submit(job); // the earlier one was removed meanwhile
    },
  };
  return queue;
}
