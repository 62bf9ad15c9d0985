// The functions that the page calls in its worker, by name. They are
// those of the backend; files cross as bytes.
import { ProteoscopeError } from "@proteoscope/formats";
import { loadOnce } from "@proteoscope/microscope";
import { followMap, mapProteins, readProteinMap } from "@proteoscope/microscope/protein-map";
import type { ExportedFile, Loading } from "../api/backend.ts";
import type { ExportFormat, JobEvent, JobRequest, JobResult, UploadOptions } from "../api/types.ts";
import { describeModel } from "./describe-model.ts";
import { exportJob } from "./export-job.ts";
import { openJobQueue, type RunJob } from "./job-queue.ts";
import { type JobStore, openJobStore } from "./job-store.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";
import { libraryChoices, libraryNucleus, readPainted, readUpload } from "./nuclei.ts";
import { exampleNames, findProtein, localizeSequence, parseProteins, suggestProteins } from "./proteins.ts";
import type { WorkerStart } from "./protocol.ts";
import { runJob } from "./run-job.ts";
import { toJobResult } from "./stored-result.ts";

/** Functions of the worker by name. */
export type Service = ReturnType<typeof openService>;

/** Opens everything that the functions share; nothing is fetched before one of them needs it. */
export function openService(
  start: WorkerStart,
  onEvent: (event: JobEvent) => void,
  onLoading: (loading: Loading | null) => void,
) {
  const laboratory = openLaboratory(start, onLoading);
  const store = loadOnce(() => openJobStore());
  return {
    meta: () => describeModel(laboratory),
    size: laboratory.size,
    proteinMap: openMap(laboratory),
    ...proteinFunctions(laboratory),
    ...nucleusFunctions(laboratory, store),
    ...jobFunctions(laboratory, store, onEvent),
  };
}

/** The map of proteins: that of the model folder, else one that is made. */
function openMap(laboratory: Laboratory) {
  const ask = followMap(async (onProgress) => {
    const shipped = await readProteinMap(await laboratory.folder(), await laboratory.model());
    return shipped ?? mapProteins(await laboratory.microscope(), await laboratory.homologs(), { onProgress });
  });
  return async () => ask();
}

function proteinFunctions(laboratory: Laboratory) {
  const named = async () => ({ examples: await laboratory.examples(), homologs: laboratory.homologs });
  return {
    examples: async () => exampleNames(await laboratory.examples()),
    suggest: async (query: string) => suggestProteins(query, await laboratory.homologs()),
    parse: async (text: string) => parseProteins(text, await named()),
    find: async (name: string) => findProtein(name, await named()),
    localize: async (sequence: string) =>
      localizeSequence(await laboratory.microscope(), sequence, await laboratory.homologs()),
  };
}

function nucleusFunctions(laboratory: Laboratory, store: () => Promise<JobStore>) {
  const keep = async ({ image, stored }: Awaited<ReturnType<typeof readUpload>>) => {
    for (const one of stored) await (await store()).put("nuclei", one.choice.id, one);
    return image;
  };
  const constants = async () => (await laboratory.model()).constants;
  return {
    nuclei: async () => libraryChoices(await laboratory.nuclei()),
    upload: async (name: string, bytes: Uint8Array, options: UploadOptions) =>
      keep(await readUpload(name, bytes, options, await constants())),
    paint: async (mask: Uint8Array, width: number, height: number) =>
      keep(await readPainted(mask, width, height, await constants())),
  };
}

function jobFunctions(
  laboratory: Laboratory,
  store: () => Promise<JobStore>,
  onEvent: (event: JobEvent) => void,
) {
  const nucleus = async (id: string) => {
    if (id.startsWith("library:")) return libraryNucleus(await laboratory.nuclei(), id);
    const stored = await (await store()).get("nuclei", id);
    if (stored === undefined)
      throw new ProteoscopeError("this nucleus is no longer stored here: upload its image again", {
        ...{ kind: "notFound", field: "nuclei" },
      });
    return stored.nucleus;
  };
  const run: RunJob = (request, hooks) => runJob(request, { laboratory, nucleus, ...hooks });
  const queue = loadOnce(async () => openJobQueue(await store(), run, onEvent));
  const resultOf = async (id: string) => {
    const result = await (await store()).get("results", id);
    if (result === undefined) throw new ProteoscopeError("this job has no result", { kind: "notFound" });
    return result;
  };
  return {
    submit: async (request: JobRequest) => (await queue()).submit(request, await laboratory.weights()),
    jobs: async () => (await queue()).jobs(),
    result: async (id: string): Promise<JobResult> => toJobResult(await resultOf(id)),
    cancel: async (id: string) => (await queue()).cancel(id),
    remove: async (id: string) => (await queue()).remove(id),
    exportJob: async (id: string, format: ExportFormat): Promise<ExportedFile> => {
      const job = (await (await queue()).jobs()).find((one) => one.id === id);
      if (job === undefined) throw new ProteoscopeError("there is no such job", { kind: "notFound" });
      return exportJob(job, await resultOf(id), format);
    },
  };
}
