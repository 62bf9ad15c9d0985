// UMAP on a thread of its own: it can be interrupted, and reports its epochs, while the main thread is free for
// both.

import { Worker } from "node:worker_threads";
import type { WorkOptions } from "@proteoscope/microscope";
import type { UmapMessage, UmapRequest } from "@proteoscope/microscope/protein-map";

/** Places of the rows in the plane. @throws the signal's reason when it is aborted, Error where the thread fails */
export function embedInPlane(
  request: UmapRequest,
  { signal, onProgress }: WorkOptions,
): Promise<readonly (readonly [x: number, y: number])[]> {
  signal.throwIfAborted();
  const worker = startWorker(request);
  return new Promise<readonly (readonly [number, number])[]>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`the thread of UMAP ended (code ${code})`)));
    worker.on("message", ({ epoch, epochs, places, error }: UmapMessage) => {
      if (epoch !== undefined)
        onProgress?.({ phase: "UMAP", done: epoch, total: epochs ?? 0, unit: "epochs" });
      if (places !== undefined) resolve(places);
      if (error !== undefined) reject(new Error(error));
    });
  }).finally(() => worker.terminate());
}

/** From source the worker is TypeScript and needs a loader; in the package it is plain JavaScript. */
function startWorker(request: UmapRequest): Worker {
  const isSource = import.meta.url.endsWith(".ts");
  const entry = isSource ? "./node/umap-worker-from-source.mjs" : "./umap-worker.js";
  return new Worker(new URL(entry, import.meta.url), { workerData: request, execArgv: [] });
}
