// The model in this worker: its files as they arrive, the device, and the networks, each opened when it is first needed. The
// library of nuclei and the annotated proteins come first, because the page shows them before any network has run.
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/web";
import type { NucleusLibrary } from "@proteoscope/imaging";
import {
  estimateMemory,
  type Microscope,
  type MicroscopeModel,
  openMicroscope,
  readModel,
  readModelNuclei,
} from "@proteoscope/microscope";
import type { CellImager, SequencePredictor } from "@proteoscope/microscope/experiments";
import { type FileSource, type LoadedHomologs, loadHomologs } from "@proteoscope/models";
import type { Loading } from "../api/backend.ts";
import type { ModelSize } from "../api/types.ts";
import { type ByteCache, cachedFolder, countCached, type ListedFile } from "./cached-folder.ts";
import type { WorkerStart } from "./protocol.ts";

/** The device that computes, and why it is this one. */
export interface OpenedDevice {
  readonly runtime: Runtime;
  readonly reason: string;
}

/** What the functions of the worker share; each part is loaded once, when it is first asked for. */
export interface Laboratory {
  readonly folder: () => Promise<FileSource>;
  /** What the model takes, from the list of its files alone. */
  readonly size: () => Promise<ModelSize>;
  readonly nuclei: () => Promise<NucleusLibrary>;
  readonly homologs: () => Promise<LoadedHomologs | undefined>;
  readonly model: () => Promise<MicroscopeModel>;
  readonly device: () => Promise<OpenedDevice>;
  readonly microscope: () => Promise<Microscope>;
  readonly experiments: () => Promise<{ readonly predictor: SequencePredictor; readonly imager: CellImager }>;
  readonly examples: () => Promise<string>;
}

/** Opens the model folder that the page names. */
export function openLaboratory(start: WorkerStart, onLoading: (loading: Loading | null) => void): Laboratory {
  const listed = once(() => listFiles(start));
  const folder = once(async () => openFolder(start, await listed(), onLoading));
  const model = once(async () => readModel(await folder()));
  const device = once(() => openDevice(start));
  return {
    ...{ folder, model, device },
    size: async () => sizeOf(await listed()),
    nuclei: once(async () => readModelNuclei(await folder())),
    homologs: once(async () => loadHomologs(await folder())),
    microscope: once(async () => {
      const [opened, loaded] = await Promise.all([device(), model()]);
      return openMicroscope(opened.runtime, loaded);
    }),
    experiments: once(async () => {
      const { openCellImager, openSequencePredictor } = await import("@proteoscope/microscope/experiments");
      const [opened, loaded] = await Promise.all([device(), model()]);
      return {
        predictor: await openSequencePredictor(opened.runtime, loaded),
        imager: openCellImager(opened.runtime, loaded),
      };
    }),
    examples: once(async () => (await fetch(new URL("examples.fasta", start.model))).text()),
  };
}

/** Loads once; a failure is forgotten, so that the next call tries again. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

interface ListedFiles {
  readonly name: string;
  readonly files: readonly ListedFile[];
  readonly cache: ByteCache | undefined;
  readonly bytesTotal: number;
  readonly bytesCached: number;
}

async function listFiles(start: WorkerStart): Promise<ListedFiles> {
  const response = await fetch(new URL("files.json", start.model));
  if (!response.ok)
    throw new Error(`the list of weights is not there: the server answers ${response.status}`);
  const { name, files } = (await response.json()) as { name: string; files: ListedFile[] };
  const cache = typeof caches === "undefined" ? undefined : ((await caches.open("weights")) as ByteCache);
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return { name, files, cache, bytesTotal, bytesCached: await countCached(start.model, files, cache) };
}

function sizeOf({ name, files, bytesTotal, bytesCached }: ListedFiles): ModelSize {
  const isMeasured = files.every(({ path, tensorBytes }) => tensorBytes !== undefined || !isTensorFile(path));
  const tensorBytes = files.reduce((sum, file) => sum + (file.tensorBytes ?? 0), 0);
  const memoryBytes = isMeasured ? estimateMemory(tensorBytes) : null;
  return { name, fileBytes: bytesTotal, downloadBytes: bytesTotal - bytesCached, memoryBytes };
}

const isTensorFile = (path: string): boolean => path.endsWith(".safetensors");

function openFolder(
  start: WorkerStart,
  { name, files, cache, bytesTotal, bytesCached }: ListedFiles,
  onLoading: (loading: Loading | null) => void,
): FileSource {
  const arrived = new Map<string, number>();
  const report = (what: string): void => {
    const bytesDone = [...arrived.values()].reduce((sum, bytes) => sum + bytes, 0);
    onLoading(bytesDone === bytesTotal ? null : { what, bytesDone, bytesTotal, bytesCached });
  };
  report("weights");
  return cachedFolder(start.model, files, {
    ...{ name, cache },
    fetchFile: (url) => fetch(url),
    onArrived: ({ path, bytes }) => {
      arrived.set(path, bytes);
      report(path);
    },
  });
}

/** A device by name, or the faster one that works here. A software renderer of WebGPU is slower than wasm and not taken. */
async function openDevice({ device, runtime: wasmPaths }: WorkerStart): Promise<OpenedDevice> {
  if (device !== "auto")
    return { runtime: await openRuntime({ device, wasmPaths }), reason: "chosen in the address of the page" };
  const adapter = await (navigator as { gpu?: Gpu }).gpu?.requestAdapter();
  const reason =
    adapter === null || adapter === undefined
      ? "this browser has no WebGPU"
      : adapter.info?.isFallbackAdapter
        ? "WebGPU is here in software alone, which is slower"
        : undefined;
  if (reason !== undefined) return { runtime: await openRuntime({ device: "wasm", wasmPaths }), reason };
  const runtime = await openRuntime({ device: "auto", wasmPaths });
  const webgpu = `WebGPU by ${adapter?.info?.description || adapter?.info?.vendor || "this machine's GPU"}`;
  return { runtime, reason: runtime.device === "webgpu" ? webgpu : "WebGPU is here and does not start" };
}

interface Gpu {
  requestAdapter(): Promise<{
    info?: { isFallbackAdapter?: boolean; description?: string; vendor?: string };
  } | null>;
}
