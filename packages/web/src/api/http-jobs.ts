// Jobs between the server's form (packages/server, schemas of
// the API) and the page's.
import type * as Api from "@proteoscope/server/api";
import { shownCompartments } from "../state/pictures.ts";
import type { Cell, Job, JobRequest, JobResult, NullBand, Preview, Protein, Settings } from "./types.ts";

const firstSettings: Settings = { samples: 4, steps: 50, guidance: 3, sampler: "ddim", seed: 0 };

/** The body of a request for a job. */
export function toApiRequest(request: JobRequest): Api.JobRequest {
  switch (request.kind) {
    case "generate": {
      const { proteins, nuclei, settings } = request;
      return {
        kind: "generate",
        request: { proteins: proteins.map(inputOf), nuclei: [...nuclei], ...settings },
      };
    }
    case "mutate": {
      const { protein, variants, nuclei, settings, draws } = request;
      const shared = { protein: inputOf(protein), variants: [...variants], nuclei: [...nuclei] };
      return { kind: "mutate", request: { ...shared, ...settings, draws } };
    }
    case "scan": {
      const { protein, mode, window, stride, draws, seed } = request;
      const windows = {
        windowResidues: window,
        strideResidues: stride,
        ...(draws === null ? {} : { draws }),
      };
      return {
        kind: "scan",
        request: { protein: inputOf(protein), mode: mode as "delete", ...windows, seed },
      };
    }
  }
}

function inputOf({ id, description, sequence }: Protein) {
  return { id, sequence, ...(description === "" ? {} : { description: description.slice(0, 1000) }) };
}

function proteinOf(input: Api.ProteinInput): Protein {
  return "sequence" in input
    ? { id: input.id, description: input.description ?? "", sequence: input.sequence }
    : { id: input.name, description: "", sequence: "" };
}

function settingsOf(given: { readonly [K in keyof Settings]?: Settings[K] | undefined }): Settings {
  const { samples, steps, guidance, sampler, seed } = given;
  return {
    samples: samples ?? firstSettings.samples,
    steps: steps ?? firstSettings.steps,
    guidance: guidance ?? firstSettings.guidance,
    sampler: sampler ?? firstSettings.sampler,
    seed: seed ?? firstSettings.seed,
  };
}

/** The request of a job as the page has it; null for a kind that the page does not ask for. */
function requestOf(job: Api.Job): JobRequest | null {
  switch (job.kind) {
    case "generate": {
      const { proteins, nuclei } = job.request;
      return {
        kind: "generate",
        proteins: proteins.map(proteinOf),
        nuclei,
        settings: settingsOf(job.request),
      };
    }
    case "mutate": {
      const { protein, variants, nuclei, draws } = job.request;
      const shared = { protein: proteinOf(protein), variants, nuclei, draws };
      return { kind: "mutate", ...shared, settings: settingsOf(job.request) };
    }
    case "scan": {
      const { protein, mode, windowResidues, strideResidues, draws, seed } = job.request;
      const windows = { window: windowResidues, stride: strideResidues, draws: draws ?? null, seed };
      return { kind: "scan", protein: proteinOf(protein), mode, ...windows };
    }
    default:
      return null;
  }
}

/** A job of the server as the page has it; null for a kind that the page does not show. */
export function fromApiJob(job: Api.Job): Job | null {
  const request = requestOf(job);
  if (request === null) return null;
  const { id, state, created, finished, queuePosition, progress, error, command, model } = job;
  return {
    ...{ id, state, request, created, finished, command, model },
    compartments: shownCompartments(fromApiResult(job).cells.map(({ classified }) => classified)),
    position: queuePosition === null ? null : queuePosition - 1,
    progress: progress && {
      ...{ done: progress.done, total: progress.total, unit: progress.unit },
      etaSeconds: progress.etaSeconds,
    },
    error: error && {
      title: error.title,
      detail: error.detail,
      kind: error.kind,
      field: error.field ?? null,
    },
  };
}

/** The result of a job of the server; planes are fetched when they are looked at. */
export function fromApiResult(job: Api.Job): JobResult {
  if (job.kind === "generate" && job.result) {
    const proteins = new Map(job.request.proteins.map((input) => [proteinOf(input).id, proteinOf(input)]));
    return { cells: job.result.cells.map((cell) => cellOf(cell, proteins)) };
  }
  if (job.kind === "mutate" && job.result) return mutateOf(job.request, job.result);
  if (job.kind === "scan" && job.result) {
    const { mode, windows, null: band } = job.result;
    return { cells: [], scan: { mode, windows, null: bandOf(band) } };
  }
  return { cells: [], preview: job.preview === null ? undefined : previewOf(job.id, job.preview) };
}

/** A preview of the server as the page has it. */
export function previewOf(job: string, { step, steps, image }: Api.Preview): Preview {
  return { job, step, steps, picture: image, planes: null };
}

function bandOf({ median, smallestEffect, draws }: Api.ScanResult["null"]): NullBand {
  return { median, threshold: smallestEffect, draws };
}

function cellOf(cell: Api.Cell, proteins: ReadonlyMap<string, Protein>): Cell {
  const { protein, nucleusId, seed, width, height, pixelSizeMicrons, agreement, medoid } = cell;
  return {
    ...{ variant: null, nucleusId, seed, width, height, agreement, medoid },
    protein: proteins.get(protein) ?? { id: protein, description: "", sequence: "" },
    pixelSizeMicrometers: pixelSizeMicrons,
    nucleus: { url: cell.nucleus },
    samples: cell.samples.map((sample) => ({
      protein: { url: sample.protein },
      compartments: sample.classified,
    })),
    classified: cell.compartments.classified,
    provenance: { address: cell.provenance },
  };
}

function mutateOf(
  request: Extract<Api.Job, { kind: "mutate" }>["request"],
  result: Api.MutateResult,
): JobResult {
  const { width, height, pixelSizeMicrons, nuclei, wildType, variants } = result;
  const protein = proteinOf(request.protein);
  const compared = [
    { variant: null, protein, of: wildType },
    ...variants.map((of) => ({ variant: of.name, protein: { ...protein, sequence: of.sequence }, of })),
  ];
  const cells = compared.flatMap(({ variant, protein, of }) => {
    const classified = Object.fromEntries(
      Object.entries(of.classified).map(([name, { mean }]) => [name, mean]),
    );
    return nuclei.map(({ id, nucleus }): Cell => {
      const images = of.images.filter(({ nucleusId }) => nucleusId === id);
      return {
        ...{ variant, protein, nucleusId: id, seed: images[0]?.seed ?? 0, width, height, classified },
        ...{ pixelSizeMicrometers: pixelSizeMicrons, agreement: null, medoid: 0, provenance: null },
        nucleus: { url: nucleus },
        samples: images.map((image) => ({ protein: { url: image.protein }, compartments: classified })),
      };
    });
  });
  return { cells, variants: variants.map((row) => ({ ...row, null: bandOf(row.null) })) };
}
