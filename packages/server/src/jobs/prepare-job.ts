// From what a client asks to a job that a worker can do: names are resolved, limits and choices checked before anything waits,
// so that a request which cannot be met is refused at once, by field.

import type { z } from "@hono/zod-openapi";
import { ProteoscopeError } from "@proteoscope/formats";
import { parseVariant } from "@proteoscope/microscope/experiments";
import type { GenerateResult } from "../api.ts";
import { countJobs, findJob } from "../db/jobs.ts";
import { findUpload } from "../http/routes/nuclei.ts";
import type { compareRequest, jobRequest } from "../http/schemas/job-requests.ts";
import type { Services } from "../http/services.ts";
import { notFound, RefusedError } from "../problem.ts";
import type { ResolvedProtein } from "../proteins.ts";
import { experimentDefaults } from "../work/experiments.ts";
import type { ComparedImage } from "../work/images.ts";
import { commandOf } from "./command.ts";
import type { SubmittedJob } from "./job-queue.ts";

type Request = z.infer<typeof jobRequest>;

/** Checks and completes a request. @throws RefusedError or ProteoscopeError naming the field. */
export async function prepareJob(services: Services, asked: Request): Promise<Omit<SubmittedJob, "key">> {
  const { proteins, worker } = services;
  const { model, library, canRetrieve } = await worker.ready();
  const job = resolveNames(services, asked);
  const inputs = job.kind === "compare" ? await findImages(services, job.request) : undefined;
  if (job.kind === "generate") {
    const { request } = job;
    checkSteps(model.mostSteps, request.steps, request.sampler ?? "ddim");
    checkContext(model, request);
    await checkImages(services, request, request.proteins.length, 4);
  } else if (job.kind === "mutate") {
    const { request } = job;
    const protein = request.protein as ResolvedProtein;
    for (const form of request.variants) parseVariant(form, protein);
    checkSteps(model.mostSteps, request.steps, request.sampler ?? experimentDefaults.sampler);
    await checkImages(services, request, 1 + request.variants.length, experimentDefaults.samples);
  } else if (job.kind === "scan") {
    const { images, windowResidues, protein } = job.request;
    const { length } = (protein as ResolvedProtein).sequence;
    if (windowResidues >= length)
      refuse("windowResidues", `a window of ${windowResidues} residues does not fit into ${length} residues`);
    if (images !== undefined) {
      checkSteps(model.mostSteps, images.steps, images.sampler ?? experimentDefaults.sampler);
      await checkNuclei(services, images.nuclei);
    }
  } else if (job.kind === "retrieve" && !canRetrieve)
    throw notFound(
      "this server has no index of images: make one with `proteoscope retrieve --build` and start it with --index",
    );
  const command = commandOf(job, { proteins, libraryCount: library.nuclei.length });
  return { kind: job.kind, request: job.request, label: labelOf(job), command, inputs };
}

/** Refuses a job where too many wait. */
export async function checkQueue({ database, limits }: Services): Promise<void> {
  const { queued = 0 } = await countJobs(database);
  if (queued >= limits.queuedJobs)
    throw new RefusedError(`${queued} jobs wait already: try again when some are done`, {
      ...{ status: 429, kind: "limit", retryAfterSeconds: 30 },
    });
}

function resolveNames({ proteins, limits }: Services, job: Request): Request {
  const resolve = (protein: Parameters<typeof proteins.resolve>[0], field: string): ResolvedProtein => {
    const resolved = proteins.resolve(protein, field);
    if (resolved.sequence.length <= limits.residues) return resolved;
    throw new RefusedError(`${resolved.sequence.length} residues, and ${limits.residues} are read at most`, {
      status: 413,
      kind: "limit",
      field,
    });
  };
  switch (job.kind) {
    case "generate": {
      const all = job.request.proteins.map((protein, index) => resolve(protein, `proteins.${index}`));
      return { ...job, request: { ...job.request, proteins: all } };
    }
    case "mutate":
      return { ...job, request: { ...job.request, protein: resolve(job.request.protein, "protein") } };
    case "scan":
      return { ...job, request: { ...job.request, protein: resolve(job.request.protein, "protein") } };
    case "retrieve":
      return { ...job, request: { ...job.request, protein: resolve(job.request.protein, "protein") } };
    case "compare":
      return job;
  }
}

function labelOf(job: Request): string {
  if (job.kind === "compare") return `${job.request.images.length} images`;
  const proteins = job.kind === "generate" ? job.request.proteins : [job.request.protein];
  const names = proteins.map((protein) => ("id" in protein ? protein.id : protein.name));
  const shown = names.slice(0, 5).join(", ");
  const variants = job.kind === "mutate" ? ` ${job.request.variants.slice(0, 5).join(", ")}` : "";
  return `${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ""}${variants}`.slice(0, 300);
}

function checkSteps(
  most: Readonly<Record<string, number>>,
  steps: number | undefined,
  sampler: string,
): void {
  if (steps !== undefined && steps > most[sampler]!)
    refuse("steps", `at most ${most[sampler]} steps for ${sampler}, got ${steps}`);
}

function checkContext(
  { cellLines, takesExpression, name }: { cellLines: string[]; takesExpression: boolean; name: string },
  { cellLine, expression }: { cellLine?: string | undefined; expression?: number | undefined },
): void {
  if (cellLine !== undefined && !cellLines.some((one) => one.toUpperCase() === cellLine.toUpperCase()))
    refuse("cellLine", `${name} was trained with ${cellLines.join(", ") || "no cell lines"}`);
  if (expression !== undefined && !takesExpression)
    refuse("expression", `${name} was not trained with expression levels`);
}

async function checkImages(
  services: Services,
  { nuclei, samples }: { readonly nuclei: readonly string[]; readonly samples?: number | undefined },
  sequences: number,
  defaultSamples: number,
): Promise<void> {
  const count = sequences * (await checkNuclei(services, nuclei)) * (samples ?? defaultSamples);
  if (count > services.limits.images)
    throw new RefusedError(`${count} images, and a job makes ${services.limits.images} at most`, {
      ...{ status: 422, kind: "limit", field: "samples" },
    });
}

/** Number of nuclei that ids name. @throws RefusedError for one that is not there. */
async function checkNuclei(services: Services, ids: readonly string[]): Promise<number> {
  const { library } = await services.worker.ready();
  let count = 0;
  for (const id of ids) {
    const [kind, name = "", place] = id.split(":");
    if (kind === "library") {
      if (Number(name) >= library.nuclei.length)
        throw notFound(`the library has ${library.nuclei.length} nuclei, there is no ${id}`, "nuclei");
      count++;
      continue;
    }
    const { found } = await findUpload(services, name);
    if (place !== undefined && Number(place) >= found.nuclei.length)
      throw notFound(`the image has ${found.nuclei.length} nuclei, there is no nucleus ${place}`, "nuclei");
    count += place === undefined ? found.nuclei.filter(({ whole }) => whole).length : 1;
  }
  return count;
}

/** The images of samples that finished jobs have. @throws RefusedError (not found). */
async function findImages(
  { database }: Services,
  { images }: z.infer<typeof compareRequest>,
): Promise<ComparedImage[]> {
  const found: ComparedImage[] = [];
  for (const [index, { job, cell, sample }] of images.entries()) {
    const field = `images.${index}`;
    const stored = await findJob(database, job);
    if (stored?.kind !== "generate" || stored.state !== "done")
      throw notFound("a sample is of a finished job of generate: there is no such job", field);
    const of = (stored.result as GenerateResult).cells[cell];
    const image = of?.samples[sample];
    if (of === undefined || image === undefined) throw notFound("the job has no such sample", field);
    const { height, width, pixelSizeMicrons, nucleus, name } = of;
    found.push({
      ...{ name: `${name} ${sample}`, protein: image.protein, nucleus, height, width, pixelSizeMicrons },
    });
  }
  return found;
}

function refuse(field: string, message: string): never {
  throw new ProteoscopeError(message, { kind: "usage", field });
}
