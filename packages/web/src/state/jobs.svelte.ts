// The jobs of the page as they change: what the backend reports, the preview of the running one, and the pictures of results,
// which are read when they are first looked at.
import type { Backend } from "../api/backend.ts";
import type { Job, JobEvent, JobRequest, JobResult, Preview } from "../api/types.ts";
import { type Picture, picturesOf } from "./pictures.ts";

/** A result with its pictures. */
export interface ShownResult {
  readonly job: Job;
  readonly result: JobResult;
  readonly pictures: readonly Picture[];
}

/** The jobs of a backend. */
export class JobList {
  jobs = $state.raw<readonly Job[]>([]);
  preview = $state.raw<Preview | null>(null);
  readonly #backend: Backend;
  readonly #shown = new Map<string, Promise<ShownResult>>();
  readonly #onFinished: (job: Job) => void;

  constructor(backend: Backend, onFinished: (job: Job) => void) {
    this.#backend = backend;
    this.#onFinished = onFinished;
    backend.watch((event) => this.#take(event));
  }

  /** Reads the jobs that there are already. */
  async load(): Promise<void> {
    const known = await this.#backend.jobs();
    const changed = new Set(this.jobs.map(({ id }) => id));
    this.jobs = [...known.filter(({ id }) => !changed.has(id)), ...this.jobs];
  }

  get active(): readonly Job[] {
    return this.jobs.filter(({ state }) => state === "queued" || state === "running");
  }

  async submit(request: JobRequest): Promise<Job> {
    const job = await this.#backend.submit(request);
    this.#put(job);
    return job;
  }

  /** A result with its pictures. */
  show(job: Job): Promise<ShownResult> {
    const known = this.#shown.get(job.id);
    if (known !== undefined) return known;
    const loading = this.#backend.result(job.id).then(async (result) => ({
      ...{ job, result },
      pictures: await picturesOf(job.id, result, this.#backend),
    }));
    loading.catch(() => this.#shown.delete(job.id));
    this.#shown.set(job.id, loading);
    return loading;
  }

  /** Shows what the job that ended last had come to, where it was cancelled; false where there is no such picture. */
  async showLastPreview(): Promise<boolean> {
    const last = this.jobs.findLast(({ state }) => state === "done" || state === "cancelled");
    if (last?.state !== "cancelled") return false;
    const shown = await this.show(last).catch(() => undefined); // it may have come to nothing
    this.preview = shown?.result.preview ?? null;
    return this.preview !== null;
  }

  /** Forgets the preview of a job that no longer runs. */
  dropPreview(): void {
    const isRunning = this.active.some(({ id }) => id === this.preview?.job);
    if (!isRunning) this.preview = null;
  }

  #take(event: JobEvent): void {
    if (event.type === "job") this.#put(event.job);
    else if (event.type === "preview") this.preview = event.preview;
    else this.jobs = this.jobs.filter(({ id }) => id !== event.id);
  }

  #put(job: Job): void {
    const index = this.jobs.findIndex(({ id }) => id === job.id);
    const before = this.jobs[index];
    if (before?.finished && !job.finished) return; // an answer that was overtaken by an event
    this.jobs = index === -1 ? [...this.jobs, job] : this.jobs.with(index, job);
    if (job.finished !== null && before?.finished == null && before !== undefined) this.#onFinished(job);
  }
}
