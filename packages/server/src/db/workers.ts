// Which worker is at which job. A worker says every two seconds that it lives; a job whose worker has been silent is given to
// another, long before pg-boss would find that it took too long.

import type { Database } from "./database.ts";

/** Seconds of silence after which a worker counts as gone. */
export const silenceSeconds = 10;

/** Says that a worker lives, and at which job it is. */
export async function touchWorker(database: Database, worker: string, job: string | null): Promise<void> {
  await database.query(
    `insert into proteoscope.worker (id, job) values ($1, $2)
     on conflict (id) do update set job = excluded.job, seen = now()`,
    [worker, job],
  );
}

/** Removes a worker that ends, and those that are gone. */
export async function deleteWorker(database: Database, worker: string): Promise<void> {
  await database.query(
    "delete from proteoscope.worker where id = $1 or seen < now() - make_interval(days => 1)",
    [worker],
  );
}

/** Jobs of a queue that no living worker is at. */
export async function findAbandonedJobs(
  database: Database,
  queue: string,
  silence = silenceSeconds,
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select id from pgboss.job as job
     where name = $1 and state = 'active' and started_on < now() - make_interval(secs => $2)
       and not exists (
         select from proteoscope.worker
         where worker.job = job.id and seen > now() - make_interval(secs => $2)
       )`,
    [queue, silence],
  );
  return rows.map(({ id }) => id);
}

/** Number of workers that were heard of in the last seconds. */
export async function countWorkers(database: Database): Promise<number> {
  const rows = await database.query<{ count: number }>(
    "select count(*)::int as count from proteoscope.worker where seen > now() - make_interval(secs => $1)",
    [silenceSeconds],
  );
  return rows[0]!.count;
}

/** Forgets all workers: those of a database that this process alone may open are gone. */
export async function deleteAllWorkers(database: Database): Promise<void> {
  await database.query("delete from proteoscope.worker");
}
