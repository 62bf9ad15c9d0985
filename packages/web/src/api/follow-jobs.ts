// The server's jobs as they change: one event stream for the job that runs, and the list every moment while any waits. A stream
// that breaks is opened again by the browser, with the last event that it had (Last-Event-ID).
import type * as Api from "@proteoscope/server/api";
import { apiPath, callApi } from "./call-api.ts";
import { fromApiJob, previewOf } from "./http-jobs.ts";
import type { Job, JobEvent, Preview, Progress } from "./types.ts";

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

/** Follows nothing until jobs are loaded or added. A stream ends with the state that its job ends in. */
export function followJobs(): FollowedJobs {
  const jobs = new Map<string, Job>();
  const listeners = new Set<(event: JobEvent) => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const emit = (event: JobEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const refresh = async (id: string): Promise<void> => {
    const job = fromApiJob(await callApi<Api.Job>(`/jobs/${id}`));
    if (job !== null) put(job);
  };
  const streams = openStreams({
    onProgress: (id, progress) => {
      const job = jobs.get(id);
      if (job !== undefined && job.finished === null) put({ ...job, progress });
    },
    onPreview: (preview) => emit({ type: "preview", preview }),
    onState: (id, state, position) => {
      const job = jobs.get(id);
      const isFinal = state !== "running" && state !== "queued";
      if (isFinal) void refresh(id).catch(() => undefined);
      else if (job !== undefined && job.finished === null) put({ ...job, state, position });
    },
  });
  const put = (job: Job): void => {
    if (jobs.get(job.id)?.finished && !job.finished) return;
    jobs.set(job.id, job);
    emit({ type: "job", job });
    // The first that waits is followed as well: a short job would end before the list is asked again.
    if (job.state === "running" || job.position === 0) streams.open(job.id);
    else streams.close(job.id);
    schedule();
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
      for (const job of await listJobs()) put(job);
      return [...jobs.values()];
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

/** The last jobs, the oldest first. */
async function listJobs(): Promise<Job[]> {
  const { jobs } = await callApi<Api.Jobs>(`/jobs?limit=${mostListed}`);
  const all = await Promise.all(jobs.toReversed().map(({ id }) => callApi<Api.Job>(`/jobs/${id}`)));
  return all.flatMap((job) => fromApiJob(job) ?? []);
}

interface StreamListeners {
  readonly onProgress: (id: string, progress: Progress) => void;
  readonly onPreview: (preview: Preview) => void;
  readonly onState: (id: string, state: Job["state"], position: number | null) => void;
}

/** Event streams of jobs, at most one of each. */
function openStreams({ onProgress, onPreview, onState }: StreamListeners) {
  const streams = new Map<string, EventSource>();
  return {
    open(id: string): void {
      if (streams.has(id)) return;
      const stream = new EventSource(`${apiPath}/jobs/${id}/events`);
      streams.set(id, stream);
      // A stream that the browser gives up, as after a refusal of a server that starts, is opened again by the next look at the job.
      stream.addEventListener("error", () => {
        if (stream.readyState === EventSource.CLOSED) streams.delete(id);
      });
      const on = <K extends keyof Api.JobEvents>(name: K, take: (data: Api.JobEvents[K]) => void): void =>
        stream.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
      on("progress", ({ done, total, unit, etaSeconds }) =>
        onProgress(id, { done, total, unit, etaSeconds }),
      );
      on("preview", (preview) => onPreview(previewOf(id, preview)));
      on("state", ({ state, queuePosition }) =>
        onState(id, state, queuePosition === null ? null : queuePosition - 1),
      );
    },
    close(id: string): void {
      streams.get(id)?.close();
      streams.delete(id);
    },
  };
}
