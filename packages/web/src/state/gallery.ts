// Which jobs a gallery shows: a text that is looked for in what a job was asked and what its pictures are like, a kind, a state,
// a model and a date, newest first.
import type { Job, JobRequest, Meta } from "../api/types.ts";
import { words } from "./pictures.ts";

/** What a gallery is restricted to; an empty field restricts nothing. */
export interface GalleryFilter {
  readonly text: string;
  readonly kind: string;
  readonly state: string;
  /** The first digits of the weights' SHA-256, as jobs have them. */
  readonly model: string;
  /** First day, "2026-11-30". */
  readonly since: string;
}

/** A gallery of everything. */
export const noFilter: GalleryFilter = { text: "", kind: "", state: "", model: "", since: "" };

/** The jobs of a gallery, newest first. */
export function filterJobs(jobs: readonly Job[], { text, kind, state, model, since }: GalleryFilter): Job[] {
  const wanted = text.trim().toLowerCase();
  return jobs
    .filter(
      (job) =>
        (kind === "" || job.request.kind === kind) &&
        (state === "" || job.state === state) &&
        (model === "" || job.model === model) &&
        (since === "" || job.created >= since) &&
        (wanted === "" || wanted.split(/\s+/).every((word) => searchText(job).includes(word))),
    )
    .sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** The models of jobs. */
export function modelsOf(jobs: readonly Job[]): string[] {
  return [...new Set(jobs.flatMap(({ model }) => model ?? []))];
}

/** "proteoscope-mini 1f0c9a2b"; of a model that is not the one at work only its weights are known. */
export function nameModel(model: string, atWork: Meta["model"] | undefined): string {
  const digits = model.slice(0, 8);
  return atWork?.sha256.startsWith(model) ? `${atWork.name} ${digits}` : digits;
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

function searchText({ request, created, state, compartments = [] }: Job): string {
  const seed = request.kind === "scan" ? request.seed : request.settings.seed;
  const shown = compartments.map(words).join(" ");
  return `${labelOf(request)} ${request.kind} ${state} seed:${seed} ${created} ${shown}`.toLowerCase();
}
