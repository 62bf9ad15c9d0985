// The backend in this browser: a web worker that runs the microscope. Nothing leaves the machine.
import type { Call, FromWorker, WorkerStart } from "../worker/protocol.ts";
import type { Backend, Loading } from "./backend.ts";
import { ProblemError } from "./problems.ts";
import type { JobEvent } from "./types.ts";

/** Starts the worker. `base` is the address of the page, beside which weights and runtime lie. */
export function openBrowserBackend(base: URL, device: WorkerStart["device"]): Backend {
  const worker = new Worker(new URL("../worker/start.ts", import.meta.url), {
    type: "module",
    name: "proteoscope",
  });
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const watchers = new Set<(event: JobEvent) => void>();
  const loaders = new Set<(loading: Loading | null) => void>();
  let lastLoading: Loading | null = null;
  const fail = (detail: string): void => {
    const problem = { title: "The page's worker ended", detail, kind: "failure", field: null };
    for (const { reject } of pending.values()) reject(new ProblemError(problem));
    pending.clear();
  };
  worker.onerror = ({ message }) => fail(message ?? "its script did not load: reload the page");
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if ("event" in data) for (const watcher of watchers) watcher(data.event);
    else if ("loading" in data) {
      lastLoading = data.loading;
      for (const loader of loaders) loader(data.loading);
    } else {
      const call = pending.get(data.id);
      pending.delete(data.id);
      if ("problem" in data) call?.reject(new ProblemError(data.problem));
      else call?.resolve(data.value as never);
    }
  };
  const start: WorkerStart = {
    model: new URL("model/", base).href,
    runtime: new URL("onnxruntime/", base).href,
    device,
  };
  worker.postMessage(start);
  let next = 0;
  const call = <T>(method: string, ...args: readonly unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = next++;
      pending.set(id, { resolve, reject });
      worker.postMessage({ id, method, args } satisfies Call);
    });
  return {
    place: "browser",
    meta: () => call("meta"),
    examples: () => call("examples"),
    suggest: (query) => call("suggest", query),
    parse: (text) => call("parse", text),
    find: (name) => call("find", name),
    localize: (sequence) => call("localize", sequence),
    nuclei: () => call("nuclei"),
    upload: async (file, options) =>
      call("upload", file.name, new Uint8Array(await file.arrayBuffer()), options),
    paint: (mask, width, height) => call("paint", mask, width, height),
    submit: (request) => call("submit", request),
    jobs: () => call("jobs"),
    result: (id) => call("result", id),
    cancel: (id) => call("cancel", id),
    remove: (id) => call("remove", id),
    exportJob: (id, format) => call("exportJob", id, format),
    watch: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    watchLoading: (listener) => {
      loaders.add(listener);
      listener(lastLoading);
      return () => loaders.delete(listener);
    },
    plane: async ({ data }) => data ?? Promise.reject(new Error("the plane is not in memory")),
  };
}
