// Watches jobs for event streams. One query at a time asks for all of them, however many streams there are, and a stream that
// reads slowly gets the newest state when it is ready for it: nothing is queued for anybody.

import type { Database } from "../db/database.ts";
import { findChangedJobs, type StoredJob } from "../db/jobs.ts";

/** Watches the jobs of a database. */
export interface JobWatcher {
  /** Number of streams. */
  readonly size: number;
  /**
   * The states of a job after a version, the newest at each time; ends with the signal, with the watcher, and with a
   * job that is removed.
   */
  watch(id: string, version: number, signal: AbortSignal): AsyncGenerator<StoredJob, void, undefined>;
  close(): void;
}

interface Watch {
  readonly id: string;
  version: number;
  position: number | null | undefined;
  resolve: ((job: StoredJob | undefined) => void) | undefined;
}

const everyMs = 150;

/** Starts to watch. */
export function openJobWatcher(database: Database): JobWatcher {
  const watches = new Set<Watch>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const schedule = (): void => {
    if (timer !== undefined || isClosed || watches.size === 0) return;
    timer = setTimeout(async () => {
      await look(database, watches);
      timer = undefined;
      schedule();
    }, everyMs);
  };
  return {
    get size() {
      return watches.size;
    },
    async *watch(id, version, signal) {
      const watch: Watch = { id, version, position: undefined, resolve: undefined };
      const stop = (): void => watch.resolve?.(undefined);
      signal.addEventListener("abort", stop);
      watches.add(watch);
      try {
        while (!signal.aborted && !isClosed) {
          const next = new Promise<StoredJob | undefined>((resolve) => {
            watch.resolve = resolve;
          });
          schedule();
          const job = await next;
          if (job === undefined) return;
          yield job;
        }
      } finally {
        watches.delete(watch);
        signal.removeEventListener("abort", stop);
      }
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const watch of watches) watch.resolve?.(undefined);
    },
  };
}

/** Asks once for all jobs whose watchers are ready, and gives them what has changed. */
async function look(database: Database, watches: ReadonlySet<Watch>): Promise<void> {
  const waiting = [...watches].filter(({ resolve }) => resolve !== undefined);
  const oldest = new Map<string, number>();
  for (const { id, version } of waiting)
    oldest.set(id, Math.min(version, oldest.get(id) ?? Number.POSITIVE_INFINITY));
  if (oldest.size === 0) return;
  const watched = [...oldest].map(([id, version]) => ({ id, version }));
  // A database that does not answer is asked again.
  const changed = await findChangedJobs(database, watched).catch(() => []);
  for (const job of changed)
    for (const watch of waiting) if (watch.id === job.wanted) give(job.id === null ? undefined : job, watch);
}

function give(job: StoredJob | undefined, watch: Watch): void {
  if (job !== undefined) {
    if (job.version <= watch.version && job.position === watch.position) return;
    watch.version = job.version;
    watch.position = job.position;
  }
  watch.resolve?.(job);
  watch.resolve = undefined;
}
