// The server's jobs as they change: one event stream for the job that runs, and the list every moment while any waits. A stream
// that breaks is opened again by the browser, with the last event that it had (Last-Event-ID).
import type * as Api from "@proteoscope/server/api";
import { apiPath, callApi } from "./call-api.ts";
import { fromApiJob } from "./http-jobs.ts";
import type { Job, JobEvent } from "./types.ts";

const pollMs = 1500;
const mostListed = 100;

/** Followed jobs. */
export interface FollowedJobs {
  load(): Promise<Job[]>;
  add(job: Job): void;
  refresh(id: string): Promise<void>;
  remove(id: string): void;
  watch(listener: (event: JobEvent) => void): () => void;
}

/** Follows nothing until jobs are loaded or added. */
export function followJobs(): FollowedJobs {
  const jobs = new Map<string, Job>();
  const listeners = new Set<(event: JobEvent) => void>();
  const streams = new Map<string, EventSource>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const emit = (event: JobEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const put = (job: Job): void => {
    if (jobs.get(job.id)?.finished && !job.finished) return;
    jobs.set(job.id, job);
    emit({ type: "job", job });
    if (job.finished !== null || job.state === "queued") close(job.id);
    else if (!streams.has(job.id)) open(job.id);
    schedule();
  };
  const change = (id: string, changes: Partial<Job>): void => {
    const job = jobs.get(id);
    if (job !== undefined && job.finished === null) put({ ...job, ...changes });
  };
  const refresh = async (id: string): Promise<void> => {
    const job = fromApiJob(await callApi<Api.Job>(`/jobs/${id}`));
    if (job !== null) put(job);
  };
  const open = (id: string): void => {
    const stream = new EventSource(`${apiPath}/jobs/${id}/events`);
    streams.set(id, stream);
    const on = <K extends keyof Api.JobEvents>(name: K, take: (data: Api.JobEvents[K]) => void): void =>
      stream.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
    on("progress", ({ done, total, unit, etaSeconds }) =>
      change(id, { progress: { done, total, unit, etaSeconds } }),
    );
    on("preview", ({ step, steps, image }) =>
      emit({ type: "preview", preview: { job: id, step, steps, picture: image, planes: null } }),
    );
    on("state", ({ state }) => {
      if (state !== "running") void refresh(id).catch(() => undefined);
    });
    on("result", () => void refresh(id).catch(() => undefined));
  };
  const close = (id: string): void => {
    streams.get(id)?.close();
    streams.delete(id);
  };
  const poll = async (): Promise<void> => {
    timer = undefined;
    const active = [...jobs.values()].filter(({ finished }) => finished === null);
    await Promise.all(active.map(({ id }) => refresh(id).catch(() => undefined)));
    schedule();
  };
  const schedule = (): void => {
    if (timer === undefined && [...jobs.values()].some(({ finished }) => finished === null))
      timer = setTimeout(() => void poll(), pollMs);
  };
  return {
    load: async () => {
      const { jobs: listed } = await callApi<Api.Jobs>(`/jobs?limit=${mostListed}`);
      const found: Job[] = [];
      for (const { id } of listed.toReversed()) {
        const job = fromApiJob(await callApi<Api.Job>(`/jobs/${id}`));
        if (job === null) continue;
        found.push(job);
        put(job);
      }
      return found;
    },
    add: put,
    refresh,
    remove: (id) => {
      jobs.delete(id);
      emit({ type: "removed", id });
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
