// Takes jobs of queues until it is stopped. Killed at any moment, its job is given to another worker: it says every two
// seconds that it lives, and fails the jobs of those that fell silent, which sends them again.

import { randomUUID } from "node:crypto";
import type PgBoss from "pg-boss";
import type { Database } from "../db/database.ts";
import { deleteWorker, findAbandonedJobs, touchWorker } from "../db/workers.ts";

/** A queue, and what is done with its jobs. A job whose `run` throws goes back to the queue. */
export interface JobSource {
  readonly name: string;
  run(job: { readonly id: string; readonly data: object }, signal: AbortSignal): Promise<void>;
}

/** How the taking of jobs is stopped and watched. */
export interface TakeOptions {
  readonly signal: AbortSignal;
  /** Called with one line when the database stops answering, and when it answers again. */
  readonly onNotice?: ((line: string) => void) | undefined;
  /** Called before a job is looked for; jobs are taken when it resolves. */
  readonly ready?: (() => Promise<void>) | undefined;
  /** Calls the listener when this process sends a job, which is then looked for at once. */
  readonly watchSent?: ((listener: () => void) => void) | undefined;
  /** How long nothing is looked for where there was nothing. Default 300. */
  readonly idleMs?: number | undefined;
}

const touchEveryMs = 2000;

/**
 * Takes jobs of the sources in turn, one at a time, until the signal. It waits for a database that does not answer.
 * @throws the database's errors at the beginning.
 */
export async function takeJobs(
  database: Database,
  boss: PgBoss,
  sources: readonly JobSource[],
  { signal, onNotice, ready, watchSent, idleMs = 300 }: TakeOptions,
): Promise<void> {
  const id = randomUUID();
  let job: string | null = null;
  const touch = () => touchWorker(database, id, job);
  await touch();
  const pause = openPause();
  signal.addEventListener("abort", pause.end);
  watchSent?.(pause.end);
  const stopUpkeep = startUpkeep(database, boss, { sources, touch, onNotice });
  try {
    for (let turn = 0, idle = 0; !signal.aborted; turn++) {
      const source = sources[turn % sources.length]!;
      await ready?.();
      // pg-boss gives no job where the database does not answer.
      const [fetched] = signal.aborted ? [] : await boss.fetch<object>(source.name).catch(() => []);
      idle = fetched === undefined ? idle + 1 : 0;
      if (fetched === undefined) {
        if (idle % sources.length === 0) await pause.wait(idleMs);
        continue;
      }
      job = fetched.id;
      try {
        await touch();
        await source.run(fetched, signal);
        await boss.complete(source.name, fetched.id);
      } catch (error) {
        // Where this fails as well, another worker takes the job up when this one is at another.
        await boss
          .fail(source.name, fetched.id, { message: (error as Error).message })
          .catch(() => undefined);
      }
      job = null;
    }
  } finally {
    stopUpkeep();
    signal.removeEventListener("abort", pause.end);
    await deleteWorker(database, id).catch(() => undefined); // its silence says the same
  }
}

/** A wait that can be ended before its time; one that is ended before it begins takes none. */
function openPause() {
  let isDue = false;
  let finish: (() => void) | undefined;
  return {
    wait: (milliseconds: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => finish?.(), isDue ? 0 : milliseconds);
        isDue = false;
        finish = () => {
          clearTimeout(timer);
          finish = undefined;
          resolve();
        };
      }),
    end: (): void => {
      if (finish === undefined) isDue = true;
      else finish();
    },
  };
}

interface Upkeep extends Pick<TakeOptions, "onNotice"> {
  readonly sources: readonly JobSource[];
  readonly touch: () => Promise<void>;
}

/** Says that this worker lives, and gives the jobs of silent ones back; the result ends it. */
function startUpkeep(database: Database, boss: PgBoss, { sources, touch, onNotice }: Upkeep): () => void {
  const upkeep = async (): Promise<void> => {
    await touch();
    for (const { name } of sources)
      for (const abandoned of await findAbandonedJobs(database, name))
        await boss.fail(name, abandoned, { message: "its worker is gone" });
  };
  let isAnswering = true;
  const timer = setInterval(async () => {
    const failure = await upkeep().then(
      () => undefined,
      (error: Error) => error.message || "no connection",
    );
    if (failure !== undefined && isAnswering) onNotice?.(`the database does not answer: ${failure}`);
    if (failure === undefined && !isAnswering) onNotice?.("the database answers again");
    isAnswering = failure === undefined;
  }, touchEveryMs);
  return () => clearInterval(timer);
}
