// The functions that the page calls in its worker, by name. They are those of the backend; files cross as bytes.
import { ProteoscopeError } from "@proteoscope/formats";
import type { ExportedFile, Loading } from "../api/backend.ts";
import type { ExportFormat, JobEvent, JobRequest, JobResult, UploadOptions } from "../api/types.ts";
import { describeModel } from "./describe-model.ts";
import { exportJob } from "./export-job.ts";
import { type JobQueue, openJobQueue } from "./job-queue.ts";
import { openJobStore } from "./job-store.ts";
import { once, openLaboratory } from "./laboratory.ts";
import { libraryChoices, libraryNucleus, readPainted, readUpload, type StoredNucleus } from "./nuclei.ts";
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
  const store = once(() => openJobStore());
  const named = async () => ({ examples: await laboratory.examples(), homologs: laboratory.homologs });
  const nucleus = async (id: string) => {
    if (id.startsWith("library:")) return libraryNucleus(await laboratory.nuclei(), id);
    const stored = await (await store()).get("nuclei", id);
    if (stored === undefined)
      throw new ProteoscopeError("this nucleus is no longer stored here: upload its image again", {
        ...{ kind: "notFound", field: "nuclei" },
      });
    return stored.nucleus;
  };
  const keep = async (nuclei: readonly StoredNucleus[]): Promise<void> => {
    for (const one of nuclei) await (await store()).put("nuclei", one.choice.id, one);
  };
  const queue = once(
    async (): Promise<JobQueue> =>
      openJobQueue(
        await store(),
        (request, hooks) => runJob(request, { laboratory, nucleus, ...hooks }),
        onEvent,
      ),
  );
  const resultOf = async (id: string) => {
    const result = await (await store()).get("results", id);
    if (result === undefined) throw new ProteoscopeError("this job has no result", { kind: "notFound" });
    return result;
  };
  return {
    meta: () => describeModel(laboratory),
    examples: async () => exampleNames(await laboratory.examples()),
    suggest: async (query: string) => suggestProteins(query, await laboratory.homologs()),
    parse: async (text: string) => parseProteins(text, await named()),
    find: async (name: string) => findProtein(name, await named()),
    localize: async (sequence: string) =>
      localizeSequence(await laboratory.microscope(), sequence, await laboratory.homologs()),
    nuclei: async () => libraryChoices(await laboratory.nuclei()),
    upload: async (name: string, bytes: Uint8Array, options: UploadOptions) => {
      const { constants } = await laboratory.model();
      const { image, stored } = await readUpload(name, bytes, options, constants);
      await keep(stored);
      return image;
    },
    paint: async (mask: Uint8Array, width: number, height: number) => {
      const { constants } = await laboratory.model();
      const { image, stored } = await readPainted(mask, width, height, constants);
      await keep(stored);
      return image;
    },
    submit: async (request: JobRequest) => (await queue()).submit(request),
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
