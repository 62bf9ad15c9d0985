// Which jobs a gallery shows: a text that is looked for in what a job was
// asked, a kind, a state and a date, newest first.
import type { Job, JobRequest } from "../api/types.ts";

/** What a gallery is restricted to; an empty field restricts nothing. */
export interface GalleryFilter {
  readonly text: string;
  readonly kind: string;
  readonly state: string;
  /** First day, "2026-11-30". */
  readonly since: string;
}

/** A gallery of everything. */
export const noFilter: GalleryFilter = { text: "", kind: "", state: "", since: "" };

/** The jobs of a gallery, newest first. */
export function filterJobs(jobs: readonly Job[], { text, kind, state, since }: GalleryFilter): Job[] {
  const wanted = text.trim().toLowerCase();
  return jobs
    .filter(
      (job) =>
        (kind === "" || job.request.kind === kind) &&
        (state === "" || job.state === state) &&
        (since === "" || job.created >= since) &&
        (wanted === "" || wanted.split(/\s+/).every((word) => searchText(job).includes(word))),
    )
    .sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** "FBL, 2 samples, seed 0". */
export function labelOf(request: JobRequest): string {
  switch (request.kind) {
    case "generate":
      return `${namesOf(request)}, ${request.settings.samples} samples, seed ${request.settings.seed}`;
    case "mutate":
      return `${namesOf(request)}: ${request.variants.join(", ")}`;
    case "scan":
      return `${namesOf(request)}: ${request.mode}, windows of ${request.window}`;
  }
}

/** The proteins of a request by name. */
export function namesOf(request: JobRequest): string {
  return request.kind === "generate" ? request.proteins.map(({ id }) => id).join(", ") : request.protein.id;
}

function searchText({ request, created, state }: Job): string {
  const seed = request.kind === "scan" ? request.seed : request.settings.seed;
  return `${labelOf(request)} ${request.kind} ${state} seed:${seed} ${created}`.toLowerCase();
}
