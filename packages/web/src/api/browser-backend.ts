// The backend in this browser: a web worker that runs the
// microscope. Nothing leaves the machine.
import type { Call, FromWorker, WorkerStart } from "../worker/protocol.ts";
import type { Backend, Loading } from "./backend.ts";
import { ProblemError } from "./problems.ts";
import type { JobEvent } from "./types.ts";

/** Calls the functions of a worker by name. */
type CallWorker = <T>(method: string, ...args: readonly unknown[]) => Promise<T>;

interface Listeners {
  readonly onEvent: (event: JobEvent) => void;
  readonly onLoading: (loading: Loading | null) => void;
}

/** Starts the worker. `base` is the address of the page, beside which weights and runtime lie. */
export function openBrowserBackend(base: URL, device: WorkerStart["device"]): Backend {
  const watchers = new Set<(event: JobEvent) => void>();
  const loaders = new Set<(loading: Loading | null) => void>();
  let lastLoading: Loading | null = null;
  const start: WorkerStart = {
    model: new URL("model/", base).href,
    runtime: new URL("onnxruntime/", base).href,
    device,
  };
  const call = startWorker(start, {
    onEvent: (event) => {
      for (const watcher of watchers) watcher(event);
    },
    onLoading: (loading) => {
      lastLoading = loading;
      for (const loader of loaders) loader(loading);
    },
  });
  return {
    ...callsOf(call),
    place: "browser",
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

function callsOf(call: CallWorker): Omit<Backend, "place" | "watch" | "watchLoading" | "plane"> {
  return {
    meta: () => call("meta"),
    size: () => call("size"),
    proteinMap: () => call("proteinMap"),
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
  };
}

function startWorker(start: WorkerStart, { onEvent, onLoading }: Listeners): CallWorker {
  const worker = new Worker(new URL("../worker/start.ts", import.meta.url), {
    type: "module",
    name: "proteoscope",
  });
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  worker.onerror = ({ message }) => {
    const detail = message ?? "its script did not load: reload the page";
    const problem = { title: "The page's worker ended", detail, kind: "failure", field: null };
    for (const { reject } of pending.values()) reject(new ProblemError(problem));
    pending.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if ("event" in data) return onEvent(data.event);
    if ("loading" in data) return onLoading(data.loading);
    const call = pending.get(data.id);
    pending.delete(data.id);
    if ("problem" in data) call?.reject(new ProblemError(data.problem));
    else call?.resolve(data.value as never);
  };
  worker.postMessage(start);
  let next = 0;
  return <T>(method: string, ...args: readonly unknown[]) =>
    new Promise<T>((resolve, reject) => {
      const id = next++;
      pending.set(id, { resolve, reject });
      worker.postMessage({ id, method, args } satisfies Call);
    });
}
