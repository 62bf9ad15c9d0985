// The model in this worker: its files as they arrive, the device, and the networks, each opened when it is first needed. The
// library of nuclei and the annotated proteins come first, because the page shows them before any network has run.
import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/web";
import type { NucleusLibrary } from "@proteoscope/imaging";
import {
  estimateMemory,
  loadOnce,
  type Microscope,
  type MicroscopeModel,
  openMicroscope,
  readModel,
  readModelNuclei,
} from "@proteoscope/microscope";
import type { CellImager, SequencePredictor } from "@proteoscope/microscope/experiments";
import { proteinMapFile } from "@proteoscope/microscope/protein-map";
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

/** The file whose SHA-256 names the weights. */
export const weightsFile = "unet/diffusion_pytorch_model.safetensors";

/** What the functions of the worker share; each part is loaded once, when it is first asked for. */
export interface Laboratory {
  readonly folder: () => Promise<FileSource>;
  /** What the model takes, from the list of its files alone. */
  readonly size: () => Promise<ModelSize>;
  /** The first digits of the weights' SHA-256, from the list of its files alone. */
  readonly weights: () => Promise<string>;
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
  const listed = loadOnce(() => listFiles(start));
  const folder = loadOnce(async () => openFolder(start, await listed(), onLoading));
  const model = loadOnce(async () => readModel(await folder()));
  const device = loadOnce(() => openDevice(start));
  return {
    ...{ folder, model, device },
    size: async () => sizeOf(await listed()),
    weights: async () => weightsOf(await listed()),
    nuclei: loadOnce(async () => readModelNuclei(await folder())),
    homologs: loadOnce(async () => loadHomologs(await folder())),
    microscope: loadOnce(async () => {
      const [opened, loaded] = await Promise.all([device(), model()]);
      return openMicroscope(opened.runtime, loaded);
    }),
    experiments: loadOnce(async () => {
      const { openCellImager, openSequencePredictor } = await import("@proteoscope/microscope/experiments");
      const [opened, loaded] = await Promise.all([device(), model()]);
      return {
        predictor: await openSequencePredictor(opened.runtime, loaded),
        imager: openCellImager(opened.runtime, loaded),
      };
    }),
    examples: loadOnce(async () => (await fetch(new URL("examples.fasta", start.model))).text()),
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
  const needed = files.filter(isNeeded);
  const cache = typeof caches === "undefined" ? undefined : ((await caches.open("weights")) as ByteCache);
  const bytesTotal = needed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { name, files, cache, bytesTotal, bytesCached: await countCached(start.model, needed, cache) };
}

/** Whether a picture needs a file; the map of proteins is fetched by whoever opens the atlas. */
function isNeeded({ path }: Pick<ListedFile, "path">): boolean {
  return path !== proteinMapFile;
}

function sizeOf({ name, files, bytesTotal, bytesCached }: ListedFiles): ModelSize {
  const isMeasured = files.every(({ path, tensorBytes }) => tensorBytes !== undefined || !isTensorFile(path));
  const tensorBytes = files.reduce((sum, file) => sum + (file.tensorBytes ?? 0), 0);
  const memoryBytes = isMeasured ? estimateMemory(tensorBytes) : null;
  return { name, fileBytes: bytesTotal, downloadBytes: bytesTotal - bytesCached, memoryBytes };
}

function weightsOf({ files }: ListedFiles): string {
  return files.find(({ path }) => path === weightsFile)?.sha256.slice(0, 16) ?? "";
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
      if (!isNeeded({ path })) return;
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
